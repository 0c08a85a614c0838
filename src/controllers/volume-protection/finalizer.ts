import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'

/** Adds the finalizer where it is missing: to objects that are older than the admission which adds it. */
export function protect<T extends KubeObject>(type: ResourceType<T>, object: T, finalizer: string): Decision {
  const finalizers = object.metadata.finalizers ?? []
  return finalizers.includes(finalizer) ? SETTLED : written(type, object, [...finalizers, finalizer])
}

/** Takes the finalizer away: the object goes when it was the last. */
export function release<T extends KubeObject>(type: ResourceType<T>, object: T, finalizer: string): Decision {
  const finalizers = object.metadata.finalizers ?? []
  if (!finalizers.includes(finalizer)) return SETTLED
  const others = finalizers.filter((one) => one !== finalizer)
  return written(type, object, others)
}

function written<T extends KubeObject>(type: ResourceType<T>, object: T, finalizers: readonly string[]): Decision {
  return {
    changes: [{ verb: 'update', type, object: { ...object, metadata: { ...object.metadata, finalizers } } }],
  }
}
