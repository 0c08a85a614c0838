import type { PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import type { StorageClass } from '../../api/generated/storage-v1.ts'
import { compareQuantities } from '../../api/meta/quantity.ts'
import { forbidden } from '../verbs/failure.ts'
import type { AdmissionPlugin } from './admission.ts'

/** A claim may ask for more only once it is bound, and where its class lets volumes grow. */
export const claimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  resources: ['persistentvolumeclaims'],
  operations: ['UPDATE'],
  validate({ object, old, head, resource, name, subresource }) {
    if (subresource !== undefined) return
    const claim = object as unknown as PersistentVolumeClaim
    const before = old as PersistentVolumeClaim
    if (compareQuantities(sizeOf(claim), sizeOf(before)) <= 0) return
    if (before.status?.phase !== 'Bound') {
      throw forbidden(resource.type, name, 'Only bound persistent volume claims can be expanded')
    }
    const className = claim.spec?.storageClassName ?? ''
    const found = head.get('storageclasses.storage.k8s.io', className)?.object as StorageClass | undefined
    if (className === before.spec?.storageClassName && found?.allowVolumeExpansion === true) return
    const why =
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize'
    throw forbidden(resource.type, name, why)
  },
}

function sizeOf({ spec }: PersistentVolumeClaim): string {
  return String(spec?.resources?.requests?.['storage'] ?? '0')
}
