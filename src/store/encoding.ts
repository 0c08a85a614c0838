import type { KubeObject } from '../api/object.ts'

const encoder = new TextEncoder()
const cache = new WeakMap<KubeObject, Uint8Array>()

/**
 * The JSON of a frozen object, encoded once for all who read it. The verbs answer the same JavaScript object for the same
 * stored object in the same version, so this is one encoding for each served version. Never pass an object that may change,
 * and do not keep the bytes for longer than it takes to send them: they may lie among those of others.
 *
 * Bytes that the journal has just written are handed out where they lie and not remembered: most objects are never asked for
 * again, and a weak map with an entry for each of them is what a collection of the whole heap stops longest for.
 */
export function jsonOf(object: KubeObject): Uint8Array {
  const known = cache.get(object) ?? writtenOf(object)
  if (known !== undefined) return known
  const bytes = encoder.encode(JSON.stringify(object))
  cache.set(object, bytes)
  return bytes
}

/** Bytes in which the JSON of several objects lies. */
export interface WrittenObjects {
  readonly bytes: Uint8Array
  readonly objects: readonly KubeObject[]
  /** Where the object of the same index begins, and where it ends. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** More bytes than these are not held on to. */
const MOST_BYTES = 8 << 20

let written: WrittenObjects | undefined
let places: Map<KubeObject, number> | undefined

/**
 * Tells of objects that a journal has just encoded, so that the answers and watchers which follow need not do it again.
 * Only the newest are remembered: nobody asks for older ones, and most are never asked for.
 */
export function noteWritten(objects: WrittenObjects): void {
  written = objects.bytes.length > MOST_BYTES ? undefined : objects
  places = undefined
}

function writtenOf(object: KubeObject): Uint8Array | undefined {
  if (written === undefined) return undefined
  places ??= new Map(written.objects.map((each, i) => [each, i]))
  const at = places.get(object)
  return at === undefined ? undefined : written.bytes.subarray(written.starts[at], written.ends[at])
}
