import type { KubeObject, ObjectList } from '../../api/object.ts'
import { jsonOf } from '../encoding.ts'

const encoder = new TextEncoder()
const reordered = new WeakMap<KubeObject, Uint8Array>()
const COMMA = 0x2c

/**
 * The JSON of a list, put together from its items' cached bytes. Items of built-in kinds carry neither apiVersion nor kind
 * in a list, as Kubernetes writes them, and those of custom resources (`keepKinds`) do.
 */
export function encodeList(list: ObjectList, keepKinds: boolean): Uint8Array {
  const { items, ...head } = list
  const opening = encoder.encode(`${JSON.stringify(head).slice(0, -1)},"items":[`)
  const first = items[0]
  const prefix = first === undefined || keepKinds ? undefined : kindPrefix(first)
  const parts = items.map((item) => (prefix === undefined ? jsonOf(item) : withoutKind(item, prefix)))
  return joinParts(opening, parts)
}

/** What the JSON of an object of that kind starts with where apiVersion and kind come first, as they do in what is stored. */
function kindPrefix(object: KubeObject): Uint8Array {
  return encoder.encode(`{"apiVersion":${JSON.stringify(object.apiVersion)},"kind":${JSON.stringify(object.kind)},`)
}

/** The bytes behind the prefix; the opening brace is put back by {@link joinParts}. */
function withoutKind(item: KubeObject, prefix: Uint8Array): Uint8Array {
  const bytes = jsonOf(item)
  if (startsWith(bytes, prefix)) return bytes.subarray(prefix.length - 1)
  const known = reordered.get(item)
  if (known !== undefined) return known
  const rest = JSON.stringify({ ...item, apiVersion: undefined, kind: undefined })
  const stripped = encoder.encode(`,${rest.slice(1)}`)
  reordered.set(item, stripped)
  return stripped
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false
  return true
}

/** Parts that start with a comma stand for objects whose first fields were cut off: it becomes their opening brace. */
function joinParts(opening: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length + 1, opening.length + 2)
  const joined = Buffer.allocUnsafe(size)
  joined.set(opening, 0)
  let at = opening.length
  for (const part of parts) {
    if (at > opening.length) joined[at++] = COMMA
    joined.set(part, at)
    if (part[0] === COMMA) joined[at] = 0x7b
    at += part.length
  }
  joined[at++] = 0x5d
  joined[at++] = 0x7d
  return joined.subarray(0, at)
}
