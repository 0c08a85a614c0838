import type { KubeObject } from '../api/object.ts'

const encoder = new TextEncoder()
const cache = new WeakMap<KubeObject, Uint8Array>()

/**
 * The JSON of a frozen object, encoded once. The verbs answer the same JavaScript object for the same stored object in the
 * same version, so this is one encoding for each served version, whoever reads it. Never pass an object that may change.
 */
export function jsonOf(object: KubeObject): Uint8Array {
  const known = cache.get(object)
  if (known !== undefined) return known
  const bytes = encoder.encode(JSON.stringify(object))
  cache.set(object, bytes)
  return bytes
}
