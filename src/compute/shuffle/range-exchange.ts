import { encodeValue } from '../wire/values.ts'
import type { Exchanger } from './exchanger.ts'
import { heapShare } from './heap-share.ts'
import type { OutputFile } from './output-file.ts'
import { newSortBlock } from './sort-block.ts'
import { RowBytes, writeSortKey } from './sort-key.ts'
import { createSplitters } from './splitters.ts'

type AnyFunction = (...args: never[]) => unknown

export interface RangeExchange {
  readonly splitters: readonly Uint8Array[]
  readonly by?: AnyFunction
  readonly descending: boolean
}

/** Short of a power of two, to which the memory for rows grows: it would double for the last row. */
const FLUSH_BYTES = heapShare(8 * 1024 * 1024, 16) - 64 * 1024
const FIRST_ROWS = 1 << 14

/** Gives each row to the partition between whose splitters its encoded key lies. Rows are bytes from here on. */
export function rangeExchanger({ splitters, by, descending }: RangeExchange, file: OutputFile): Exchanger {
  const partitions = splitters.length + 1
  const partitionOf = createSplitters(splitters)
  const keyOf = by as unknown as ((record: unknown) => unknown) | undefined
  const held = new RowBytes(1 << 20)
  let rows = heldRows(FIRST_ROWS)
  let count = 0
  let isSelf = keyOf === undefined
  const flush = () => {
    if (count === 0) return
    const { blocks, counts } = scatter(held.bytes, rows, count, partitions, isSelf)
    file.append(blocks, counts)
    held.length = 0
    count = 0
    isSelf = keyOf === undefined
  }
  const write = (record: unknown) => {
    const start = held.length
    writeSortKey(keyOf === undefined ? record : keyOf(record), held)
    const keyEnd = held.length
    if (!isSelf) held.append(encodeValue(record))
    if (count === rows.starts.length) rows = heldRows(count * 2, rows)
    const partition = partitionOf(held.bytes, start, keyEnd)
    rows.partitions[count] = descending ? partitions - 1 - partition : partition
    rows.starts[count] = start
    rows.keyEnds[count] = keyEnd
    rows.ends[count++] = held.length
  }
  return {
    add(record) {
      // Rows of one block are all with or all without a value.
      if (isSelf && typeof record !== 'string') {
        flush()
        isSelf = false
      }
      write(record)
      if (held.length >= FLUSH_BYTES) flush()
    },
    finish: flush,
  }
}

interface HeldRows {
  readonly partitions: Uint16Array
  readonly starts: Uint32Array
  readonly keyEnds: Uint32Array
  readonly ends: Uint32Array
}

function heldRows(length: number, from?: HeldRows): HeldRows {
  const rows = {
    partitions: new Uint16Array(length),
    starts: new Uint32Array(length),
    keyEnds: new Uint32Array(length),
    ends: new Uint32Array(length),
  }
  if (from !== undefined)
    for (const name of ['partitions', 'starts', 'keyEnds', 'ends'] as const) rows[name].set(from[name])
  return rows
}

function scatter(bytes: Buffer, rows: HeldRows, count: number, partitions: number, isSelf: boolean) {
  const counts = new Uint32Array(partitions)
  const sizes = new Float64Array(partitions)
  for (let row = 0; row < count; row++) {
    const partition = rows.partitions[row]!
    counts[partition]!++
    sizes[partition]! += rows.ends[row]! - rows.starts[row]!
  }
  const made = Array.from(counts, (own, partition) =>
    own === 0 ? undefined : newSortBlock(own, sizes[partition]!, isSelf),
  )
  const filled = new Uint32Array(partitions)
  const ats = new Float64Array(partitions)
  for (let row = 0; row < count; row++) {
    const partition = rows.partitions[row]!
    const { content } = made[partition]!
    const place = filled[partition]!++
    const start = rows.starts[row]!
    content.keyLengths[place] = rows.keyEnds[row]! - start
    if (content.valueLengths !== undefined) content.valueLengths[place] = rows.ends[row]! - rows.keyEnds[row]!
    bytes.copy(content.bytes, ats[partition]!, start, rows.ends[row])
    ats[partition]! += rows.ends[row]! - start
  }
  return { blocks: made.map((each) => each?.block), counts }
}
