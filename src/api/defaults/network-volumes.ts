import type { Draft } from '../draft.ts'
import type { PersistentVolumeSpec, Volume } from '../generated/core-v1.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'

type Sources = 'azureDisk' | 'iscsi' | 'rbd' | 'scaleIO'

/** Of volumes within pods and of those that are objects of their own. */
export function defaultNetworkVolumes(volume: Pick<Draft<PersistentVolumeSpec> | Draft<Volume>, Sources>): void {
  if (volume.iscsi) setDefaultsOfZero(volume.iscsi, { iscsiInterface: 'default' })
  if (volume.rbd) setDefaultsOfZero(volume.rbd, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' })
  if (volume.scaleIO) setDefaultsOfZero(volume.scaleIO, { storageMode: 'ThinProvisioned', fsType: 'xfs' })
  if (volume.azureDisk) {
    setDefaults(volume.azureDisk, { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false })
  }
}
