import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import { fromLabelSelector, matchesLabels } from '../../api/meta/label-selector.ts'
import { wholeOf } from '../../api/meta/quantity.ts'
import { classOf } from '../../placement/pod-claims.ts'
import { isFor } from './annotations.ts'

/**
 * The volume that suits a claim best: one that is kept for it; else, unless binding waits for a pod, of those with the fewest
 * access modes the smallest that is large enough.
 */
export function bestVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  waits: boolean,
): PersistentVolume | undefined {
  const large = volumes.filter((volume) => {
    const isGoing = volume.metadata.deletionTimestamp !== undefined
    return !isGoing && sizeOf(volume) >= requestedSize(claim) && isSameMode(volume, claim)
  })
  const kept = large.find((volume) => volume.spec?.claimRef !== undefined && isFor(volume, claim))
  if (kept !== undefined || waits) return kept
  const selector = fromLabelSelector(claim.spec?.selector) ?? []
  const free = large.filter((volume) => {
    const isFree = volume.spec?.claimRef === undefined && volume.status?.phase === 'Available'
    const isRight = classOfVolume(volume) === classOf(claim) && coversModes(volume, claim)
    return isFree && isRight && matchesLabels(selector, volume.metadata.labels)
  })
  return free.toSorted((a, b) => modesOf(a).length - modesOf(b).length || sizeOf(a) - sizeOf(b))[0]
}

/** Why the volume that a claim names will not do, in Kubernetes' words; undefined if it will. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata.deletionTimestamp !== undefined)
    return `the volume is marked for deletion "${volume.metadata.name}"`
  if (sizeOf(volume) < requestedSize(claim)) return 'requested PV is too small'
  if (classOfVolume(volume) !== classOf(claim)) return 'storageClassName does not match'
  const attributes = (spec: { readonly volumeAttributesClassName?: string } | undefined) =>
    spec?.volumeAttributesClassName ?? ''
  if (attributes(volume.spec) !== attributes(claim.spec)) return 'volumeAttributesClassName does not match'
  if (!isSameMode(volume, claim)) return 'incompatible volumeMode'
  return coversModes(volume, claim) ? undefined : 'incompatible accessMode'
}

export function isSameMode(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (volume.spec?.volumeMode ?? 'Filesystem') === (claim.spec?.volumeMode ?? 'Filesystem')
}

export function requestedSize({ spec }: PersistentVolumeClaim): number {
  return wholeOf(spec?.resources?.requests?.['storage'] ?? '0')
}

export function sizeOf({ spec }: PersistentVolume): number {
  return wholeOf(spec?.capacity?.['storage'] ?? '0')
}

function classOfVolume({ metadata, spec }: PersistentVolume): string {
  return metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? ''
}

function modesOf({ spec }: PersistentVolume): readonly string[] {
  return spec?.accessModes ?? []
}

function coversModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec?.accessModes ?? []).every((mode) => modesOf(volume).includes(mode))
}
