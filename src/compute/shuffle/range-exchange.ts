import { encodeValue } from '../wire/values.ts'
import type { CreateExchanger } from './exchanger.ts'
import { heapShare } from './heap-share.ts'
import { allocate } from './native-buffer.ts'
import { newSortBlock, sortBlockBytes } from './sort-block.ts'
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

/**
 * Gives each row to the partition between whose splitters its encoded key lies. Rows are bytes from here on, in memory that all tasks
 * of the stage use, one after the other.
 */
export function rangeExchanger({ splitters, by, descending }: RangeExchange): CreateExchanger {
  const partitions = splitters.length + 1
  const partitionOf = createSplitters(splitters)
  const keyOf = by as unknown as ((record: unknown) => unknown) | undefined
  const held = new RowBytes(1 << 20)
  const scatter = createScatter(partitions)
  let rows = heldRows(FIRST_ROWS)
  let count = 0
  let isSelf = keyOf === undefined
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
  const clear = () => {
    held.length = 0
    count = 0
    isSelf = keyOf === undefined
  }
  return (file) => {
    const flush = () => {
      if (count === 0) return
      const { blocks, counts } = scatter(held.bytes, rows, count, isSelf)
      file.append(blocks, counts)
      clear()
    }
    clear()
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

/** Puts rows into a block for each partition; blocks lie in one piece of memory, and are good until the next time. */
function createScatter(partitions: number) {
  let memory = allocate(0)
  return (bytes: Buffer, rows: HeldRows, count: number, isSelf: boolean) => {
    const counts = new Uint32Array(partitions)
    const sizes = new Float64Array(partitions)
    for (let row = 0; row < count; row++) {
      const partition = rows.partitions[row]!
      counts[partition]!++
      sizes[partition]! += rows.ends[row]! - rows.starts[row]!
    }
    const lengths = Array.from(counts, (own, partition) =>
      own === 0 ? 0 : sortBlockBytes(own, sizes[partition]!, isSelf),
    )
    const total = lengths.reduce((sum, length) => sum + aligned(length), 0)
    if (memory.length < total) memory = allocate(total)
    let from = 0
    const blocks = lengths.map((length) => {
      const block = length === 0 ? undefined : memory.subarray(from, from + length)
      from += aligned(length)
      return block
    })
    fill(blocks, bytes, rows, counts, isSelf)
    return { blocks, counts }
  }
}

/** The lengths in a block are read in place. */
const aligned = (bytes: number) => (bytes + 3) & ~3

function fill(
  blocks: readonly (Uint8Array | undefined)[],
  bytes: Buffer,
  rows: HeldRows,
  counts: Uint32Array,
  isSelf: boolean,
): void {
  const made = blocks.map((block, partition) =>
    block === undefined ? undefined : newSortBlock(block, counts[partition]!, isSelf),
  )
  const filled = new Uint32Array(counts.length)
  const ats = new Float64Array(counts.length)
  const count = counts.reduce((sum, own) => sum + own, 0)
  for (let row = 0; row < count; row++) {
    const partition = rows.partitions[row]!
    const content = made[partition]!
    const place = filled[partition]!++
    const start = rows.starts[row]!
    content.keyLengths[place] = rows.keyEnds[row]! - start
    if (content.valueLengths !== undefined) content.valueLengths[place] = rows.ends[row]! - rows.keyEnds[row]!
    bytes.copy(content.bytes, ats[partition]!, start, rows.ends[row])
    ats[partition]! += rows.ends[row]! - start
  }
}
