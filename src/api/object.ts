import type { ListMeta, ObjectMeta } from './generated/meta-v1.ts'

/** What every object of the API has. Objects are frozen wherever they are shared: change them by copying. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** A list of objects at one revision, perhaps one page of it. */
export interface ObjectList<T extends KubeObject = KubeObject> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ListMeta
  readonly items: readonly T[]
}

/** Names an object of a known resource; `namespace` is absent for cluster-scoped ones. */
export interface ObjectKey {
  readonly namespace?: string
  readonly name: string
}

/** The key of `object`. Throws a TypeError where it has no name yet. */
export function keyOf(object: KubeObject): ObjectKey {
  const { name, namespace } = object.metadata
  if (name === undefined) throw new TypeError(`Cannot name a ${object.kind}: it has no metadata.name`)
  return namespace === undefined ? { name } : { namespace, name }
}

/** `namespace/name`, or `name`: the key as one string, for maps and queues. */
export function keyString(key: ObjectKey): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`
}
