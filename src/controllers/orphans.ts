import type { KubeObject } from '../api/object.ts'
import { controllerOf } from '../reconcile/source.ts'

/** Index of objects without a controller, by their namespace: those that a controller may adopt. */
export const ORPHAN_INDEX = 'without-controller'

export function orphanNamespace(object: KubeObject): readonly string[] {
  return controllerOf(object) === undefined ? [object.metadata.namespace!] : []
}
