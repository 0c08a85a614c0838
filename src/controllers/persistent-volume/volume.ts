import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import type { Change, Note } from '../../reconcile/change.ts'
import { event } from '../../reconcile/change.ts'
import { BOUND_BY_CONTROLLER, PROVISIONED_BY } from './annotations.ts'
import { setPhase, unbound, updateVolume } from './bind.ts'
import { isToBeDeleted, reclaim } from './local-provisioner.ts'
import { isSameMode } from './match.ts'

/** The next step for a volume, given the claim that has the name it is kept for, if there is one. */
export function decideVolume(
  volume: PersistentVolume,
  named: PersistentVolumeClaim | undefined,
  nowMs: number,
): Change[] {
  const owner = volume.spec?.claimRef
  if (owner?.uid === undefined || owner.uid === '') return setPhase(volume, 'Available', nowMs)
  const claim = named?.metadata.uid === owner.uid ? named : undefined
  if (claim === undefined) return release(volume, nowMs)
  if (claim.spec?.volumeName === volume.metadata.name) return setPhase(volume, 'Bound', nowMs)
  if (claim.spec?.volumeName === undefined || claim.spec.volumeName === '') {
    return isSameMode(volume, claim) ? [] : modeMismatch(volume, claim)
  }
  // The claim has gone to another volume.
  const wasMadeForIt = volume.metadata.annotations?.[PROVISIONED_BY] !== undefined
  if (wasMadeForIt && volume.spec?.persistentVolumeReclaimPolicy === 'Delete') return release(volume, nowMs)
  return volume.metadata.annotations?.[BOUND_BY_CONTROLLER] === undefined && owner.uid === undefined
    ? []
    : [updateVolume(unbound(volume))]
}

/** Nobody claims it any more: what happens to it is for its reclaim policy to say. */
function release(volume: PersistentVolume, nowMs: number): Change[] {
  const { phase } = volume.status ?? {}
  if (phase === 'Failed') return reclaim(volume)
  const problem = phase === 'Released' && isToBeDeleted(volume) ? undeletable(volume) : undefined
  if (problem !== undefined) {
    const note: Note = { about: volume, type: 'Warning', reason: 'VolumeFailedDelete', message: problem }
    return setPhase(volume, 'Failed', nowMs, note)
  }
  return [...setPhase(volume, 'Released', nowMs), ...reclaim(volume)]
}

/** Why nobody here can delete the volume; one that was provisioned is for its provisioner to delete. */
function undeletable({ metadata, spec }: PersistentVolume): string | undefined {
  if ((metadata.annotations?.[PROVISIONED_BY] ?? '') !== '' || spec?.csi !== undefined) return undefined
  const path = spec?.hostPath?.path
  if (path?.startsWith('/tmp/') === true) return undefined
  if (path !== undefined) return `host_path deleter only supports /tmp/.+ but received provided ${path}`
  const isKnown = spec?.nfs !== undefined || spec?.local !== undefined
  const why = isKnown ? 'no deletable volume plugin matched' : 'no volume plugin matched'
  return `error getting deleter volume plugin for volume "${metadata.name}": ${why}`
}

function modeMismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): Change[] {
  const ofVolume = `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" due to incompatible volumeMode.`
  const ofClaim = `Cannot bind PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim due to incompatible volumeMode.`
  return [event(volume, 'Warning', 'VolumeMismatch', ofVolume), event(claim, 'Warning', 'VolumeMismatch', ofClaim)]
}
