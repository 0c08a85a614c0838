import { keyId } from '../shuffle/key.ts'
import { decodeValues, encodeValues } from '../wire/values.ts'

/** Keys and their counts as bytes: 32 bits with the length of the keys, the keys, the counts. */
export function encodeCounts(keys: readonly unknown[], counts: Float64Array): Uint8Array {
  const encodedKeys = encodeValues(keys)
  const bytes = new Uint8Array(4 + encodedKeys.byteLength + counts.byteLength)
  new DataView(bytes.buffer).setUint32(0, encodedKeys.byteLength, true)
  bytes.set(encodedKeys, 4)
  bytes.set(new Uint8Array(counts.buffer, counts.byteOffset, counts.byteLength), 4 + encodedKeys.byteLength)
  return bytes
}

/** Adds what {@link encodeCounts} wrote to `totals`, by ids of keys; `keys` holds those that are not their own ids. */
export function addCounts(totals: Map<unknown, number>, keys: Map<unknown, unknown>, part: Uint8Array): void {
  if (part.byteLength === 0) return
  const keyBytes = new DataView(part.buffer, part.byteOffset).getUint32(0, true)
  const added = decodeValues(part.subarray(4, 4 + keyBytes))
  const counts = new Float64Array(part.slice(4 + keyBytes).buffer)
  for (let index = 0; index < added.length; index++) {
    const key = added[index]
    const id = keyId(key)
    if (id !== key && !keys.has(id)) keys.set(id, key)
    totals.set(id, (totals.get(id) ?? 0) + counts[index]!)
  }
}
