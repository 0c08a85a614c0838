import type { AdmissionPlugin } from './admission.ts'

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
  'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
}

/** A claim or volume that is deleted stays until its controller has seen that nobody uses it. */
export const storageInUse: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  resources: Object.keys(FINALIZERS),
  operations: ['CREATE'],
  mutate({ object, resource }) {
    const finalizer = FINALIZERS[resource.storage]
    const { metadata } = object
    if (finalizer === undefined || metadata.finalizers?.includes(finalizer)) return
    metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
  },
}
