import type { Pod, Volume } from '../../../api/generated/core-v1.ts'
import { namesOf } from '../../authz/node/references.ts'

type ProjectedSource = NonNullable<NonNullable<Volume['projected']>['sources']>[number]

/** The first kind of object in the API that a pod needs, in the words of Kubernetes' refusals; undefined where it needs none. */
export function apiReferenceOf(pod: Pod): string | undefined {
  const { spec } = pod
  if (spec?.serviceAccountName) return 'serviceaccounts'
  for (const resource of ['secrets', 'configmaps'] as const) {
    for (const _ of namesOf(pod, resource)) return resource
  }
  if ((spec?.resourceClaims ?? []).length > 0) return 'resourceclaims'
  for (const volume of spec?.volumes ?? []) {
    const reference = ofVolume(volume)
    if (reference !== undefined) return reference
  }
  return undefined
}

/** Secrets and config maps are found by their names before. */
function ofVolume(volume: Volume): string | undefined {
  if (volume.csi !== undefined) return 'csidrivers (via CSI volumes)'
  if (volume.glusterfs !== undefined) return 'endpoints (via glusterFS volumes)'
  if (volume.persistentVolumeClaim !== undefined) return 'persistentvolumeclaims'
  if (volume.ephemeral !== undefined) return 'persistentvolumeclaims (via ephemeral volumes)'
  for (const source of volume.projected?.sources ?? []) {
    const reference = ofSource(source)
    if (reference !== undefined) return reference
  }
  return undefined
}

function ofSource(source: ProjectedSource): string | undefined {
  if (source.serviceAccountToken !== undefined) return 'serviceaccounts (via projected volumes)'
  if (source.clusterTrustBundle !== undefined) return 'clustertrustbundles'
  return source.podCertificate === undefined ? undefined : 'podcertificates'
}
