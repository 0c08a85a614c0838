import type { KubeObject, ObjectList } from '../../api/object.ts'
import { jsonOf } from '../../store/encoding.ts'

const encoder = new TextEncoder()
const reordered = new WeakMap<KubeObject, Uint8Array>()
const COMMA = 0x2c

/** A list's JSON: how long it is, and its bytes in pieces that are made when they are asked for. */
export interface EncodedList {
  readonly size: number
  pieces(): Iterable<Uint8Array>
}

/** Big enough to cost little each, and small enough that others get their turn between two. */
const PIECE_BYTES = 128 * 1024

/**
 * The JSON of a list, put together from its items' cached bytes. Items of built-in kinds carry neither apiVersion nor kind
 * in a list, as Kubernetes writes them, and those of custom resources (`keepKinds`) do.
 */
export function encodeList(list: ObjectList, keepKinds: boolean): EncodedList {
  const { items, ...head } = list
  const opening = encoder.encode(`${JSON.stringify(head).slice(0, -1)},"items":[`)
  const first = items[0]
  const prefix = first === undefined || keepKinds ? undefined : kindPrefix(first)
  const parts = items.map((item) => (prefix === undefined ? jsonOf(item) : withoutKind(item, prefix)))
  let size = opening.length + Math.max(0, parts.length - 1) + CLOSING.length
  for (const part of parts) size += part.length
  return { size, pieces: () => piecesOf(opening, parts) }
}

const CLOSING = encoder.encode(']}')

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
function* piecesOf(opening: Uint8Array, parts: readonly Uint8Array[]): Iterable<Uint8Array> {
  let next = 0
  let before = opening
  while (next < parts.length) {
    let size = before.length
    const from = next
    while (next < parts.length && (next === from || size < PIECE_BYTES)) size += parts[next++]!.length + 1
    const isLast = next === parts.length
    const piece = Buffer.allocUnsafeSlow(size + (isLast ? CLOSING.length - 1 : 0))
    piece.set(before, 0)
    let at = before.length
    for (let i = from; i < next; i++) {
      const part = parts[i]!
      piece.set(part, at)
      if (part[0] === COMMA) piece[at] = 0x7b
      at += part.length
      if (i < parts.length - 1) piece[at++] = COMMA
    }
    if (isLast) piece.set(CLOSING, at)
    before = NOTHING
    yield piece
  }
  if (parts.length === 0) yield Buffer.concat([opening, CLOSING])
}

const NOTHING = new Uint8Array()
