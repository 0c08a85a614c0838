import { decodeValues, encodeValues } from '../wire/values.ts'

/**
 * Rows of a hash partition as bytes, by columns: the distinct keys once, then for each row which of them it has (absent where
 * each key has one row), then the values (absent where there are none, or where they are their keys).
 */
export interface HashBlock {
  readonly keys: readonly unknown[]
  /** For each row the place of its key; undefined: the row's own. */
  readonly rows: Uint8Array | Uint16Array | Uint32Array | undefined
  /** `keys`: each row's value is its key. */
  readonly values: readonly unknown[] | 'keys' | undefined
}

const HEADER_BYTES = 16
const VALUES = { none: 0, keys: 1, own: 2 } as const

export function encodeHashBlock({ keys, rows, values }: HashBlock): Uint8Array {
  const keyBytes = encodeValues(keys)
  const valueBytes = Array.isArray(values) ? encodeValues(values) : undefined
  const rowsAt = align(HEADER_BYTES + keyBytes.byteLength)
  const valuesAt = align(rowsAt + (rows?.byteLength ?? 0))
  const bytes = new Uint8Array(valuesAt + (valueBytes?.byteLength ?? 0))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, keyBytes.byteLength, true)
  view.setUint32(4, rows?.length ?? 0, true)
  view.setUint8(8, rows?.BYTES_PER_ELEMENT ?? 0)
  view.setUint8(9, valueBytes !== undefined ? VALUES.own : values === 'keys' ? VALUES.keys : VALUES.none)
  bytes.set(keyBytes, HEADER_BYTES)
  if (rows !== undefined) bytes.set(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength), rowsAt)
  if (valueBytes !== undefined) bytes.set(valueBytes, valuesAt)
  return bytes
}

export function decodeHashBlock(block: Uint8Array): HashBlock {
  const bytes = block.byteOffset % 8 === 0 ? block : new Uint8Array(block)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const keyBytes = view.getUint32(0, true)
  const count = view.getUint32(4, true)
  const width = view.getUint8(8)
  const form = view.getUint8(9)
  const rowsAt = align(HEADER_BYTES + keyBytes)
  const valuesAt = align(rowsAt + count * width)
  return {
    keys: decodeValues(bytes.subarray(HEADER_BYTES, HEADER_BYTES + keyBytes)),
    rows: width === 0 ? undefined : rowsOf(bytes, rowsAt, count, width),
    values: form === VALUES.own ? decodeValues(bytes.subarray(valuesAt)) : form === VALUES.keys ? 'keys' : undefined,
  }
}

/** The distinct keys of a block, without looking at its rows. */
export function decodeHashKeys(block: Uint8Array): readonly unknown[] {
  const keyBytes = new DataView(block.buffer, block.byteOffset).getUint32(0, true)
  return decodeValues(block.subarray(HEADER_BYTES, HEADER_BYTES + keyBytes))
}

function rowsOf(bytes: Uint8Array, at: number, count: number, width: number) {
  const offset = bytes.byteOffset + at
  if (width === 1) return new Uint8Array(bytes.buffer, offset, count)
  if (width === 2) return new Uint16Array(bytes.buffer, offset, count)
  return new Uint32Array(bytes.buffer, offset, count)
}

/** The narrowest array of `length` places among `keys` keys. */
export function rowsFor(length: number, keys: number): Uint8Array | Uint16Array | Uint32Array {
  if (keys <= 0x100) return new Uint8Array(length)
  return keys <= 0x1_0000 ? new Uint16Array(length) : new Uint32Array(length)
}

/** Rows lie where typed arrays may look at them in place. */
function align(at: number): number {
  return (at + 7) & ~7
}
