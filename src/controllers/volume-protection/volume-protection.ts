import type { PersistentVolume } from '../../api/generated/core-v1.ts'
import { persistentVolumes } from '../../api/generated/resources.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { protect, release } from './finalizer.ts'

const FINALIZER = 'kubernetes.io/pv-protection'

/** Keeps a volume that is deleted for as long as it is bound to a claim. */
export const volumeProtectionController: Controller = {
  name: 'pv-protection-controller',
  build(context) {
    const volumes = context.informer(persistentVolumes)
    return { sources: [changesOf(volumes)], reconcile: (key) => decideVolume(volumes.getByKey(key)) }
  },
}

export function decideVolume(volume: PersistentVolume | undefined): Decision {
  if (volume === undefined) return SETTLED
  if (volume.metadata.deletionTimestamp === undefined) return protect(persistentVolumes, volume, FINALIZER)
  return volume.status?.phase === 'Bound' ? SETTLED : release(persistentVolumes, volume, FINALIZER)
}
