import type { Pod } from '../api/generated/core-v1.ts'
import type { KubeObject } from '../api/object.ts'

/** Index of objects by namespace; cluster-scoped ones are under the empty string. */
export function byNamespace(object: KubeObject): readonly string[] {
  return [object.metadata.namespace ?? '']
}

/** Index of objects by the uid of each of their owners. */
export function byOwnerUid(object: KubeObject): readonly string[] {
  return object.metadata.ownerReferences?.map((owner) => owner.uid) ?? []
}

/** Index of pods by the node that they are bound to; those still to be scheduled are under the empty string. */
export function byNodeName(pod: Pod): readonly string[] {
  return [pod.spec?.nodeName ?? '']
}

/** The names under which every shared informer keeps these indexes. */
export const NAMESPACE_INDEX = 'namespace'
export const OWNER_INDEX = 'owner-uid'

/** The name under which whoever looks pods up by their node keeps them. */
export const NODE_INDEX = 'node'
