import type { Draft } from '../draft.ts'
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
} from '../generated/core-v1.ts'
import { defaultNetworkVolumes } from './network-volumes.ts'
import type { CSIDriver, StorageClass, VolumeAttachment } from '../generated/storage-v1.ts'
import { isNone } from '../meta/equal.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'

export function defaultClaim(claim: Draft<PersistentVolumeClaim>): void {
  claim.status ??= {}
  setDefaultsOfZero(claim.status, { phase: 'Pending' })
  if (claim.spec !== undefined) defaultClaimSpec(claim.spec)
}

export function defaultClaimSpec(spec: Draft<PersistentVolumeClaimSpec>): void {
  setDefaults(spec, { volumeMode: 'Filesystem' })
}

export function defaultVolumeObject(volume: Draft<PersistentVolume>): void {
  volume.status ??= {}
  setDefaultsOfZero(volume.status, { phase: 'Pending' })
  if (volume.spec === undefined) return
  setDefaultsOfZero(volume.spec, { persistentVolumeReclaimPolicy: 'Retain' })
  setDefaults(volume.spec, { volumeMode: 'Filesystem' })
  defaultSources(volume.spec)
}

/** A volume's sources, which may stand within what attaches it too. */
function defaultSources(spec: Draft<PersistentVolumeSpec>): void {
  if (spec.hostPath) setDefaults(spec.hostPath, { type: '' })
  defaultNetworkVolumes(spec)
}

export function defaultVolumeAttachment({ spec }: Draft<VolumeAttachment>): void {
  if (spec?.source?.inlineVolumeSpec) defaultSources(spec.source.inlineVolumeSpec)
}

export function defaultStorageClass(storageClass: Draft<StorageClass>): void {
  setDefaults(storageClass, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' })
}

export function defaultCsiDriver({ spec }: Draft<CSIDriver>): void {
  setDefaults(spec, {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    requiresRepublish: false,
    seLinuxMount: false,
  })
  if (isNone(spec.volumeLifecycleModes)) spec.volumeLifecycleModes = ['Persistent']
}
