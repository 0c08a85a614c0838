import { isAscii } from 'node:buffer'
import type { PartStore } from '../worker/part-store.ts'
import { heapShare } from './heap-share.ts'
import { recordAt } from './loaded-rows.ts'
import type { LoadedRows, RowLoader } from './loaded-rows.ts'
import type { PartRef } from './output.ts'
import { readParts } from './part-reader.ts'
import type { RecordBatches } from './record-batches.ts'
import { decodeSortBlock } from './sort-block.ts'
import { MAX_SORT_ROWS, sortRows } from './sort-rows.ts'
import { mergeRuns } from './sort-runs.ts'
import type { SortedRun } from './sort-runs.ts'

/** More than this is sorted in runs that go to disk, and merged. */
const RUN_BYTES = heapShare(24 * 1024 * 1024, 6)

/**
 * All records of the parts in the order of their keys; equal ones in the order in which they were written. `loader` is the caller's,
 * for one task after the other.
 */
export async function* sortedRecords(
  refs: readonly PartRef[],
  store: PartStore,
  descending: boolean,
  loader: RowLoader,
  runBytes = RUN_BYTES,
): RecordBatches {
  const total = refs.reduce((sum, { pieces }) => sum + piecesBytes(pieces), 0)
  loader.clear()
  if (total > runBytes) return yield* mergeRuns(runsOf(refs, store, descending, loader, runBytes), descending, store)
  loader.expect(total)
  for await (const read of readParts(refs, store, 'used again')) loader.add(decodeSortBlock(read))
  const rows = loader.rows()
  yield recordsOf(rows, sortRows(rows, descending))
}

/** Sorted runs of bounded size, one after the other: each is good until the next. */
async function* runsOf(
  refs: readonly PartRef[],
  store: PartStore,
  descending: boolean,
  loader: RowLoader,
  runBytes: number,
): AsyncGenerator<SortedRun> {
  const take = (): SortedRun => {
    const rows = loader.rows()
    return { rows, order: sortRows(rows, descending) }
  }
  loader.expect(runBytes)
  for await (const read of readParts(refs, store, 'used again')) {
    const block = decodeSortBlock(read)
    const isFull = loader.byteLength + block.bytes.byteLength > runBytes || loader.count + block.rows > MAX_SORT_ROWS
    if (loader.count > 0 && isFull) {
      yield take()
      loader.clear()
    }
    loader.add(block)
  }
  if (loader.count > 0) yield take()
}

function piecesBytes(pieces: Float64Array): number {
  let bytes = 0
  for (let at = 0; at < pieces.length; at += 3) bytes += pieces[at + 1]! - pieces[at]!
  return bytes
}

function* recordsOf(rows: LoadedRows, order: Uint32Array): Generator<unknown> {
  const ascii = isAscii(rows.bytes.subarray(0, order.length === 0 ? 0 : rows.ends[rows.count - 1]))
  for (let at = 0; at < order.length; at++) yield recordAt(rows, order[at]!, ascii)
}
