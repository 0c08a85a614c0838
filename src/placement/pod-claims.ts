import type { Pod, PersistentVolumeClaim } from '../api/generated/core-v1.ts'
import type { ClusterView } from './cluster-view.ts'

/** The names of the claims of a pod's volumes; `withEphemeral`: those too that are made for the pod alone. */
export function claimNames(pod: Pod, withEphemeral: boolean): readonly string[] {
  return (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return [persistentVolumeClaim.claimName]
    return withEphemeral && ephemeral !== undefined ? [`${pod.metadata.name}-${name}`] : []
  })
}

/** The claims of a pod that there are. */
export function claimsOf(view: ClusterView, pod: Pod): readonly PersistentVolumeClaim[] {
  return claimNames(pod, true).flatMap((name) => view.claims.get(`${pod.metadata.namespace}/${name}`) ?? [])
}

/** The storage class that a claim names, by its spec or by the annotation of old. */
export function classOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? ''
}
