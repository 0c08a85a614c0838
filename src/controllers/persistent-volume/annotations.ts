import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/core-v1.ts'

/** On both sides: this binding, or this half of it, was the controller's idea and not the author's. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller'
/** On a claim: it has been bound, for good. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed'
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by'
/** On a claim: who is to make its volume. The older name is still written beside the newer one. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner'
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner'

/** Whether the volume is kept for that claim: by name, or by name and uid once it is bound. */
export function isFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { name, namespace, uid = '' } = spec?.claimRef ?? {}
  return name === metadata.name && namespace === metadata.namespace && (uid === '' || uid === metadata.uid)
}

export function isBindingComplete({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[BIND_COMPLETED] !== undefined
}
