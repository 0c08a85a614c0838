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

/** Makes room for a block of `rows` rows with `bytes` bytes of keys and values, to be filled in. */
export function newSortBlock(rows: number, bytes: number, isSelf: boolean): { block: Uint8Array; content: SortBlock } {
  const lengths = rows * 4 * (isSelf ? 1 : 2)
  const block = new Uint8Array(HEADER_BYTES + lengths + bytes)
  const view = new DataView(block.buffer)
  view.setUint32(0, rows, true)
  view.setUint8(4, isSelf ? 1 : 0)
  return { block, content: decodeSortBlock(block) }
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
