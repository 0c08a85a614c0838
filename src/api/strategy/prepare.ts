import type { Draft } from '../draft.ts'
import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'

/**
 * Brings a decoded and defaulted object into the state in which it is created, in place: the status is reset, the
 * generation set to 1, and what a kind derives from itself is derived (a Job's selector, a pod's QoS class).
 * `metadata.uid`, `name` and `creationTimestamp` must be set before.
 */
export function prepareForCreate(type: ResourceType, object: Draft<KubeObject>): void {
  void [type, object]
}

/**
 * Brings `object`, which is to replace `old`, into its final state, in place: metadata that only the server writes comes
 * from `old`; the part that the subresource does not write comes from `old`; the generation rises with the spec.
 */
export function prepareForUpdate(
  type: ResourceType,
  object: Draft<KubeObject>,
  old: KubeObject,
  subresource?: string,
): void {
  void [type, object, old, subresource]
}
