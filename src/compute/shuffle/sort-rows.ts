/** Keys that lie in `bytes`, each from its start to its end. */
export interface SortRows {
  readonly bytes: Buffer
  readonly starts: Uint32Array
  readonly keyEnds: Uint32Array
  readonly count: number
}

/** A row's place takes 24 of the 64 bits that are sorted, five bytes of its key the rest. */
export const MAX_SORT_ROWS = 1 << 24

/**
 * The order of the rows by their keys; equal ones stay as they were. Five bytes of each key, after what all have in common, and
 * the row's place are one 64-bit number: the engine sorts these natively, and only runs of equal prefixes are compared.
 */
export function sortRows(rows: SortRows, descending: boolean): Uint32Array {
  const { bytes, starts, keyEnds, count } = rows
  if (count > MAX_SORT_ROWS) throw new Error(`Assertion: ${count} rows to sort at once, expected ${MAX_SORT_ROWS}`)
  const common = commonPrefix(rows)
  const packed = new BigUint64Array(count)
  const words = new Uint32Array(packed.buffer)
  const flip = descending ? 0xff : 0
  const flipWord = descending ? 0xffffffff : 0
  for (let row = 0; row < count; row++) {
    const at = starts[row]! + common
    const end = keyEnds[row]!
    words[2 * row + 1] = wordAt(bytes, at, end) ^ flipWord
    words[2 * row] = ((at + 4 < end ? bytes[at + 4]! : 0) ^ flip) * 0x1000000 + row
  }
  packed.sort()
  const order = new Uint32Array(count)
  for (let at = 0; at < count; at++) order[at] = words[2 * at]! & 0xffffff
  sortRuns(rows, words, order, common, descending)
  return order
}

/** Four bytes as a number of 32 bits, zeros where there are no more. */
function wordAt(bytes: Buffer, at: number, end: number): number {
  if (at + 4 <= end) return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  let word = 0
  for (let index = 0; index < 4; index++) word = (word << 8) | (at + index < end ? bytes[at + index]! : 0)
  return word
}

/** Puts rows with equal prefixes in order by all of their keys. */
function sortRuns(rows: SortRows, words: Uint32Array, order: Uint32Array, common: number, descending: boolean): void {
  const { bytes, starts, keyEnds, count } = rows
  const compare = (left: number, right: number) => {
    const [from, to] = descending ? [right, left] : [left, right]
    return (
      bytes.compare(bytes, starts[to]! + common, keyEnds[to], starts[from]! + common, keyEnds[from]) || left - right
    )
  }
  for (let from = 0; from < count;) {
    let to = from + 1
    const high = words[2 * from + 1]!
    const low = words[2 * from]! >>> 24
    while (to < count && words[2 * to + 1] === high && words[2 * to]! >>> 24 === low) to++
    if (to - from > 1) order.set(Array.from(order.subarray(from, to)).sort(compare), from)
    from = to
  }
}

/** How many bytes all keys begin with. */
function commonPrefix({ bytes, starts, keyEnds, count }: SortRows): number {
  if (count === 0) return 0
  const first = starts[0]!
  let common = keyEnds[0]! - first
  for (let row = 1; row < count && common > 0; row++) {
    const start = starts[row]!
    const most = Math.min(common, keyEnds[row]! - start)
    let same = 0
    while (same < most && bytes[start + same] === bytes[first + same]) same++
    common = same
  }
  return common
}
