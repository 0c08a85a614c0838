import { isAscii } from 'node:buffer'
import type { PartStore } from '../worker/part-store.ts'
import { heapShare } from './heap-share.ts'
import { recordAt } from './loaded-rows.ts'
import type { LoadedRows } from './loaded-rows.ts'
import type { PartRef } from './output.ts'
import { allocate } from './native-buffer.ts'
import { readParts } from './part-reader.ts'
import type { RecordBatches } from './record-batches.ts'
import { decodeSortBlock } from './sort-block.ts'
import type { SortBlock } from './sort-block.ts'
import { MAX_SORT_ROWS, sortRows } from './sort-rows.ts'
import { mergeRuns } from './sort-runs.ts'

/** More than this is sorted in runs that go to disk, and merged. */
const RUN_BYTES = heapShare(24 * 1024 * 1024, 6)

/** All records of the parts in the order of their keys; equal ones in the order in which they were written. */
export async function* sortedRecords(
  refs: readonly PartRef[],
  store: PartStore,
  descending: boolean,
  runBytes = RUN_BYTES,
): RecordBatches {
  const total = refs.reduce((sum, { pieces }) => sum + piecesBytes(pieces), 0)
  let blocks: SortBlock[] = []
  let bytes = 0
  let rows = 0
  if (total > runBytes) return yield* mergeRuns(runsOf(refs, store, descending, runBytes), descending, store)
  for await (const read of readParts(refs, store)) {
    const block = decodeSortBlock(read)
    blocks.push(block)
    bytes += block.bytes.byteLength
    rows += block.rows
  }
  const loaded = load(blocks, bytes, rows)
  blocks = []
  yield recordsOf(loaded, sortRows(loaded, descending))
}

/** Sorted runs of bounded size, one after the other. */
async function* runsOf(
  refs: readonly PartRef[],
  store: PartStore,
  descending: boolean,
  runBytes: number,
): AsyncGenerator<{ rows: LoadedRows; order: Uint32Array }> {
  let blocks: SortBlock[] = []
  let bytes = 0
  let rows = 0
  const take = () => {
    const loaded = load(blocks, bytes, rows)
    blocks = []
    bytes = rows = 0
    return { rows: loaded, order: sortRows(loaded, descending) }
  }
  for await (const read of readParts(refs, store)) {
    const block = decodeSortBlock(read)
    if (blocks.length > 0 && (bytes + block.bytes.byteLength > runBytes || rows + block.rows > MAX_SORT_ROWS)) {
      yield take()
    }
    blocks.push(block)
    bytes += block.bytes.byteLength
    rows += block.rows
  }
  if (blocks.length > 0) yield take()
}

function piecesBytes(pieces: Float64Array): number {
  let bytes = 0
  for (let at = 0; at < pieces.length; at += 3) bytes += pieces[at + 1]! - pieces[at]!
  return bytes
}

function load(blocks: readonly SortBlock[], bytes: number, count: number): LoadedRows {
  const joined = allocate(bytes)
  const rows = {
    bytes: joined,
    starts: new Uint32Array(count),
    keyEnds: new Uint32Array(count),
    ends: new Uint32Array(count),
    isSelf: new Uint8Array(count),
    count,
  }
  let row = 0
  let at = 0
  for (const { bytes: own, rows: many, keyLengths, valueLengths, isSelf } of blocks) {
    joined.set(own, at)
    for (let index = 0; index < many; index++) {
      rows.starts[row] = at
      at += keyLengths[index]!
      rows.keyEnds[row] = at
      if (valueLengths !== undefined) at += valueLengths[index]!
      rows.isSelf[row] = isSelf ? 1 : 0
      rows.ends[row++] = at
    }
  }
  return rows
}

function* recordsOf(rows: LoadedRows, order: Uint32Array): Generator<unknown> {
  const ascii = isAscii(rows.bytes)
  for (let at = 0; at < order.length; at++) yield recordAt(rows, order[at]!, ascii)
}
