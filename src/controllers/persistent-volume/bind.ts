import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../api/generated/resources.ts'
import { formatTime } from '../../env/clock.ts'
import type { Change, Note } from '../../reconcile/change.ts'
import { canonical } from '../safe-hash.ts'
import { BIND_COMPLETED, BOUND_BY_CONTROLLER } from './annotations.ts'

/**
 * The next step towards a binding: the volume names the claim, is Bound, the claim names the volume, is Bound. One step at a
 * time for each object, since each writes a new version of it; empty when all is done.
 */
export function bind(volume: PersistentVolume, claim: PersistentVolumeClaim, nowMs: number): Change[] {
  const owner = volume.spec?.claimRef
  if (owner?.uid !== claim.metadata.uid) return [updateVolume(withOwner(volume, claim))]
  const phase = setPhase(volume, 'Bound', nowMs)
  const isNamed = claim.spec?.volumeName === volume.metadata.name && claim.metadata.annotations?.[BIND_COMPLETED]
  return [...phase, ...(isNamed ? reportBound(volume, claim) : [updateClaim(withVolume(claim, volume))])]
}

export function updateVolume(object: PersistentVolume): Change {
  return { verb: 'update', type: persistentVolumes, object }
}

export function updateClaim(object: PersistentVolumeClaim): Change {
  return { verb: 'update', type: persistentVolumeClaims, object }
}

/** Sets a volume's phase where it is another; `note` is said once that is done, and is its message. */
export function setPhase(volume: PersistentVolume, phase: string, nowMs: number, note?: Note): Change[] {
  if (volume.status?.phase === phase) return []
  const said = note === undefined ? {} : { message: note.message }
  const status = { phase, ...said, lastPhaseTransitionTime: formatTime(nowMs) }
  const object = { ...volume, status } as PersistentVolume
  const done = note === undefined ? {} : { done: () => note }
  return [{ verb: 'update', type: persistentVolumes, object, subresource: 'status', ...done }]
}

/** Sets a claim's phase where it is another; `note` is said once that is done. */
export function setClaimPhase(claim: PersistentVolumeClaim, phase: string, note?: Note): Change[] {
  if (claim.status?.phase === phase) return []
  const object = { ...claim, status: { ...claim.status, phase } } as PersistentVolumeClaim
  const done = note === undefined ? {} : { done: () => note }
  return [{ verb: 'update', type: persistentVolumeClaims, object, subresource: 'status', ...done }]
}

/** A volume without what the controller itself put there to bind it. */
export function unbound(volume: PersistentVolume): PersistentVolume {
  const { [BOUND_BY_CONTROLLER]: ours, ...annotations } = volume.metadata.annotations ?? {}
  const { claimRef, ...spec } = volume.spec!
  if (ours !== undefined) return { ...volume, metadata: { ...volume.metadata, annotations }, spec }
  const { uid: _, ...kept } = claimRef ?? {}
  return { ...volume, spec: { ...spec, claimRef: kept } }
}

function withOwner(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { name, namespace, uid, resourceVersion } = claim.metadata
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion }
  const isOurs = volume.spec?.claimRef === undefined
  const annotations = { ...volume.metadata.annotations, ...(isOurs ? { [BOUND_BY_CONTROLLER]: 'yes' } : {}) }
  const metadata = { ...volume.metadata, annotations }
  return { ...volume, metadata, spec: { ...volume.spec, claimRef } } as PersistentVolume
}

function withVolume(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim {
  const isOurs = claim.spec?.volumeName === undefined
  const annotations = {
    ...claim.metadata.annotations,
    [BIND_COMPLETED]: 'yes',
    ...(isOurs ? { [BOUND_BY_CONTROLLER]: 'yes' } : {}),
  }
  const spec = { ...claim.spec, volumeName: volume.metadata.name! }
  return { ...claim, metadata: { ...claim.metadata, annotations }, spec }
}

/** A bound claim has the modes of its volume, and its capacity as it was when it was bound. */
function reportBound(volume: PersistentVolume, claim: PersistentVolumeClaim): Change[] {
  const { accessModes, capacity } = volume.spec ?? {}
  const before = claim.status?.phase === 'Bound' ? claim.status.capacity : undefined
  const status = {
    ...claim.status,
    phase: 'Bound',
    ...(accessModes === undefined ? {} : { accessModes }),
    ...(capacity === undefined ? {} : { capacity: before ?? capacity }),
  }
  if (canonical(status) === canonical(claim.status)) return []
  return [
    {
      verb: 'update',
      type: persistentVolumeClaims,
      object: { ...claim, status } as PersistentVolumeClaim,
      subresource: 'status',
    },
  ]
}
