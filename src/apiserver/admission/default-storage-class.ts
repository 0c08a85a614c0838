import type { Draft } from '../../api/draft.ts'
import type { PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { AdmissionPlugin } from './admission.ts'

const IS_DEFAULT = 'storageclass.kubernetes.io/is-default-class'

/** A claim that names no class gets the default one; the newest where several are marked. */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  resources: ['persistentvolumeclaims'],
  operations: ['CREATE'],
  mutate({ object, head }) {
    const { spec } = object as Draft<PersistentVolumeClaim>
    if (spec === undefined || spec.storageClassName !== undefined) return
    let newest: KubeObject | undefined
    for (const { object: one } of head.list('storageclasses.storage.k8s.io')) {
      if (one.metadata.annotations?.[IS_DEFAULT] !== 'true') continue
      if ((one.metadata.creationTimestamp ?? '') >= (newest?.metadata.creationTimestamp ?? '')) newest = one
    }
    if (newest?.metadata.name !== undefined) spec.storageClassName = newest.metadata.name
  },
}
