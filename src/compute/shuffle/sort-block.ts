/**
 * Rows of a sort as bytes: how many, whether each is its own key (a string), the lengths of keys and values, then keys and values
 * one after the other, row by row.
 */
export interface SortBlock {
  readonly rows: number
  /** Rows have no value: the key is the record, a string. */
  readonly isSelf: boolean
  readonly keyLengths: Uint32Array
  readonly valueLengths: Uint32Array | undefined
  readonly bytes: Uint8Array
}

const HEADER_BYTES = 8

/** How long a block of `rows` rows with `bytes` bytes of keys and values is. */
export function sortBlockBytes(rows: number, bytes: number, isSelf: boolean): number {
  return HEADER_BYTES + rows * 4 * (isSelf ? 1 : 2) + bytes
}

/** Makes of `block`, which is as long as {@link sortBlockBytes} says, one of `rows` rows, to be filled in. */
export function newSortBlock(block: Uint8Array, rows: number, isSelf: boolean): SortBlock {
  const view = new DataView(block.buffer, block.byteOffset)
  view.setUint32(0, rows, true)
  view.setUint32(4, isSelf ? 1 : 0, true)
  return decodeSortBlock(block)
}

export function decodeSortBlock(read: Uint8Array): SortBlock {
  const block = read.byteOffset % 4 === 0 ? read : new Uint8Array(read)
  const view = new DataView(block.buffer, block.byteOffset)
  const rows = view.getUint32(0, true)
  const isSelf = view.getUint8(4) === 1
  const at = block.byteOffset + HEADER_BYTES
  return {
    rows,
    isSelf,
    keyLengths: new Uint32Array(block.buffer, at, rows),
    valueLengths: isSelf ? undefined : new Uint32Array(block.buffer, at + rows * 4, rows),
    bytes: block.subarray(HEADER_BYTES + rows * 4 * (isSelf ? 1 : 2)),
  }
}
