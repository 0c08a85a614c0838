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

/** Adds what {@link encodeCounts} wrote to `totals`. */
export function addCounts(totals: Map<unknown, number>, part: Uint8Array): void {
  if (part.byteLength === 0) return
  const keyBytes = new DataView(part.buffer, part.byteOffset).getUint32(0, true)
  const keys = decodeValues(part.subarray(4, 4 + keyBytes))
  const counts = new Float64Array(part.slice(4 + keyBytes).buffer)
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]
    totals.set(key, (totals.get(key) ?? 0) + counts[index]!)
  }
}
