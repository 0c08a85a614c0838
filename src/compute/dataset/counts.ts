import { keyId } from '../shuffle/key.ts'
import { decodeValues, encodeValues } from '../wire/values.ts'

/** So many keys are encoded, and decoded, at once: what that takes beside the counts themselves stays small. */
const CHUNK_KEYS = 8192
const HEADER_BYTES = 8

/** Keys and their counts as bytes, in chunks: 32 bits each with the length of the keys and their number, the keys, the counts. */
export function encodeCounts(keys: readonly unknown[], counts: Float64Array): Uint8Array {
  const parts: Uint8Array[] = []
  for (let from = 0; from < keys.length; from += CHUNK_KEYS) {
    const encodedKeys = encodeValues(keys.slice(from, from + CHUNK_KEYS))
    const own = counts.subarray(from, from + CHUNK_KEYS)
    const header = Buffer.from(Uint32Array.of(encodedKeys.byteLength, own.length).buffer)
    parts.push(header, encodedKeys, new Uint8Array(own.buffer, own.byteOffset, own.byteLength))
  }
  return Buffer.concat(parts)
}

/** What {@link encodeCounts} wrote, chunk by chunk. */
function* decodeCounts(part: Uint8Array): Generator<{ readonly keys: unknown[]; readonly counts: Float64Array }> {
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength)
  for (let at = 0; at < part.byteLength;) {
    const keysAt = at + HEADER_BYTES
    const countsAt = keysAt + view.getUint32(at, true)
    const end = countsAt + view.getUint32(at + 4, true) * Float64Array.BYTES_PER_ELEMENT
    yield { keys: decodeValues(part.subarray(keysAt, countsAt)), counts: countsIn(part.subarray(countsAt, end)) }
    at = end
  }
}

/** Counts by key, merged from the parts of many threads. */
export interface Totals {
  /** Adds what {@link encodeCounts} wrote. */
  add(part: Uint8Array): void
  readonly size: number
  /** Each key with its count, in the order in which keys were first met; to be gone through once. */
  entries(): Iterable<readonly [key: unknown, count: number]>
}

export function createTotals(): Totals {
  const totals = new Map<unknown, number>()
  // Those that are not their own ids.
  const keys = new Map<unknown, unknown>()
  const add = (key: unknown, count: number) => {
    const id = keyId(key)
    if (id !== key && !keys.has(id)) keys.set(id, key)
    const before = totals.get(id)
    totals.set(id, before === undefined ? count : before + count)
  }
  return {
    add(part) {
      for (const { keys: added, counts } of decodeCounts(part)) {
        for (let index = 0; index < added.length; index++) add(added[index], counts[index]!)
      }
    },
    get size() {
      return totals.size
    },
    // Hundreds of thousands of pairs are not made before somebody wants them.
    entries: () => (keys.size === 0 ? totals : withKeys(totals, keys)),
  }
}

/** Eight bytes each, wherever they begin. */
function countsIn(bytes: Uint8Array): Float64Array {
  return new Float64Array(new Uint8Array(bytes).buffer)
}

function* withKeys(totals: ReadonlyMap<unknown, number>, keys: ReadonlyMap<unknown, unknown>) {
  for (const [id, count] of totals) yield [keys.has(id) ? keys.get(id) : id, count] as const
}
