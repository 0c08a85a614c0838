import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import type { PartStore } from '../worker/part-store.ts'
import { recordAt } from './loaded-rows.ts'
import type { LoadedRows } from './loaded-rows.ts'
import { allocate } from './native-buffer.ts'
import type { RecordBatches } from './record-batches.ts'
import { createRunHeap } from './run-heap.ts'
import { scratchFault } from './scratch-fault.ts'

/** What is read of each run at a time, and written. */
const BUFFER_BYTES = 1024 * 1024
const ROW_HEADER_BYTES = 9
const BATCH = 4096

let files = 0

/** Rows, and the order in which they are sorted. */
export interface SortedRun {
  readonly rows: LoadedRows
  readonly order: Uint32Array
}

/** Writes sorted runs to the worker's directory, and gives their rows merged: no more than a buffer of each is held. */
export async function* mergeRuns(runs: AsyncIterable<SortedRun>, descending: boolean, store: PartStore): RecordBatches {
  const { directory } = await store.home()
  const readers: RunReader[] = []
  try {
    for await (const run of runs)
      readers.push(openRun(join(directory, `run-${process.pid}-${threadId}-${++files}`), run))
    yield* batches(merged(readers, descending))
  } finally {
    for (const reader of readers) reader.close()
  }
}

function* batches(records: Generator<unknown>): Generator<unknown[]> {
  let batch: unknown[] = []
  for (const record of records) {
    batch.push(record)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  yield batch
}

/** A heap of the runs' first rows; of equal ones that of the earlier run comes first. */
function* merged(readers: readonly RunReader[], descending: boolean): Generator<unknown> {
  const isBefore = (left: RunReader, right: RunReader) => {
    const order = Buffer.compare(left.key(), right.key()) * (descending ? -1 : 1)
    return order === 0 ? left.number < right.number : order < 0
  }
  const heap = createRunHeap(
    readers.filter((reader) => reader.next()),
    isBefore,
  )
  for (let reader = heap.top(); reader !== undefined; reader = heap.top()) {
    yield reader.record()
    heap.moved(reader.next())
  }
}

interface RunReader {
  readonly number: number
  /** Goes to the next row; false at the end. */
  next(): boolean
  key(): Buffer
  record(): unknown
  close(): void
}

function openRun(path: string, { rows, order }: SortedRun): RunReader {
  writeRun(path, rows, order)
  const number = files
  const file = openSync(path, 'r')
  let buffer = allocate(BUFFER_BYTES)
  let [start, end, at] = [0, 0, 0]
  let [keyLength, valueLength, isSelf] = [0, 0, 0]
  const fill = (bytes: number): boolean => {
    if (end - start >= bytes) return true
    if (bytes > buffer.length) {
      const wider = allocate(bytes)
      buffer.copy(wider, 0, start, end)
      buffer = wider
    } else buffer.copyWithin(0, start, end)
    end -= start
    start = 0
    for (let read = 1; end < bytes && read > 0; end += read)
      read = readSync(file, buffer, end, buffer.length - end, null)
    return end >= bytes
  }
  return {
    number,
    next() {
      start = at
      if (!fill(ROW_HEADER_BYTES)) return false
      keyLength = buffer.readUInt32LE(start)
      valueLength = buffer.readUInt32LE(start + 4)
      isSelf = buffer[start + 8]!
      fill(ROW_HEADER_BYTES + keyLength + valueLength)
      at = start + ROW_HEADER_BYTES + keyLength + valueLength
      return true
    },
    key: () => buffer.subarray(start + ROW_HEADER_BYTES, start + ROW_HEADER_BYTES + keyLength),
    record() {
      const from = start + ROW_HEADER_BYTES
      const row = {
        bytes: buffer,
        starts: Uint32Array.of(from),
        keyEnds: Uint32Array.of(from + keyLength),
        ends: Uint32Array.of(at),
        isSelf: Uint8Array.of(isSelf),
        count: 1,
      }
      return recordAt(row, 0, false)
    },
    close() {
      closeSync(file)
      unlinkSync(path)
    },
  }
}

/** Leaves no file where it fails. */
function writeRun(path: string, rows: LoadedRows, order: Uint32Array): void {
  let file: number | undefined
  try {
    file = openSync(path, 'wx')
    writeRows(file, rows, order)
    closeSync(file)
  } catch (cause) {
    if (file !== undefined) {
      closeSync(file)
      unlinkSync(path)
    }
    throw scratchFault('a run of a sort', path, cause)
  }
}

function writeRows(file: number, rows: LoadedRows, order: Uint32Array): void {
  const out = allocate(BUFFER_BYTES)
  let filled = 0
  const write = (bytes: Uint8Array, from: number, to: number) => {
    for (let at = from; at < to;) at += writeSync(file, bytes, at, to - at)
  }
  const flush = () => {
    write(out, 0, filled)
    filled = 0
  }
  for (const row of order) {
    const [start, keyEnd, end] = [rows.starts[row]!, rows.keyEnds[row]!, rows.ends[row]!]
    if (filled + ROW_HEADER_BYTES + end - start > out.length) flush()
    filled = out.writeUInt32LE(keyEnd - start, filled)
    filled = out.writeUInt32LE(end - keyEnd, filled)
    out[filled++] = rows.isSelf[row]!
    if (end - start > out.length - filled) {
      flush()
      write(rows.bytes, start, end)
    } else filled += rows.bytes.copy(out, filled, start, end)
  }
  flush()
}
