import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { decodeValue, decodeValues, encodeValue, encodeValues } from '../wire/values.ts'
import { allocate } from './native-buffer.ts'
import { createRunHeap } from './run-heap.ts'
import { scratchFault } from './scratch-fault.ts'
import { RowBytes, writeSortKey } from './sort-key.ts'
import { sortRows } from './sort-rows.ts'
import { keyId } from './key.ts'

/** A key with all its records, or with as many as were gathered. */
export type Gathered = readonly [key: unknown, records: readonly unknown[]]

/** A key with all its records, which lie on disk in the order in which they came and can be read again and again. */
export interface SpilledGroup {
  readonly key: unknown
  readonly records: Iterable<unknown>
}

/** Groups that memory has no room for: each run holds those of a while, in the order of their keys, in one file. */
export interface GroupRuns extends Disposable {
  /** Writes a run. `bytes` is about how much its records take. */
  write(groups: readonly Gathered[], bytes: number): void
  /** All groups, each with its records of all runs. A group is good until the next is asked for. */
  groups(): Generator<SpilledGroup>
}

/** Records of a group are encoded by so many bytes, and so many are held while they are read. */
const CHUNK_BYTES = 128 * 1024
const MOST_CHUNK_ROWS = 8192
/** Lengths of the key's place in the order, of the key, and of the records. */
const HEADER_BYTES = 12
/** Records of a group that take no more in a run are held from there on: asking for them again would cost more. */
const SMALL_BYTES = 4096
/** What is read of all runs at a time, and of one at the least. */
const WINDOWS_BYTES = 16 * 1024 * 1024
const LEAST_WINDOW_BYTES = 16 * 1024
const MOST_WINDOW_BYTES = 1024 * 1024

let files = 0

export function openGroupRuns(directory: string): GroupRuns {
  const path = join(directory, `groups-${process.pid}-${threadId}-${++files}`)
  const file = open(path)
  const ends: number[] = []
  return {
    write(groups, bytes) {
      try {
        ends.push(writeRun(file, ends.at(-1) ?? 0, groups, bytes))
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause
        throw scratchFault('groups', path, cause)
      }
    },
    groups: () => merged(file, ends),
    [Symbol.dispose]() {
      closeSync(file)
      unlinkSync(path)
    },
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'wx+')
  } catch (cause) {
    throw scratchFault('groups', path, cause)
  }
}

/** Returns where the run ends. */
function writeRun(file: number, from: number, groups: readonly Gathered[], bytes: number): number {
  const rows = groups.reduce((sum, [, records]) => sum + records.length, 0)
  const chunkRows = Math.max(1, Math.min(MOST_CHUNK_ROWS, Math.floor((CHUNK_BYTES * rows) / Math.max(1, bytes))))
  const out = new RowBytes(CHUNK_BYTES * 2)
  let at = from
  const flush = () => {
    for (let written = 0; written < out.length;)
      written += writeSync(file, out.bytes, written, out.length - written, at + written)
    at += out.length
    out.length = 0
  }
  for (const { id, group } of inOrder(groups)) {
    const [key, records] = group
    const keyBytes = encodeValue(key)
    const chunks: Uint8Array[] = []
    for (let row = 0; row < records.length; row += chunkRows)
      chunks.push(encodeValues(records.slice(row, row + chunkRows)))
    const recordBytes = chunks.reduce((sum, chunk) => sum + 4 + chunk.byteLength, 0)
    for (const length of [id.byteLength, keyBytes.byteLength, recordBytes]) appendLength(out, length)
    out.append(id)
    out.append(keyBytes)
    for (const chunk of chunks) {
      appendLength(out, chunk.byteLength)
      out.append(chunk)
      if (out.length >= CHUNK_BYTES) flush()
    }
  }
  flush()
  return at
}

function appendLength(out: RowBytes, length: number): void {
  out.reserve(4)
  out.bytes.writeUInt32LE(length, out.length)
  out.length += 4
}

/** Groups in an order that all runs share: that of their keys as bytes. */
function* inOrder(groups: readonly Gathered[]): Generator<{ readonly id: Uint8Array; readonly group: Gathered }> {
  const ids = new RowBytes(groups.length * 16)
  const starts = new Uint32Array(groups.length)
  const keyEnds = new Uint32Array(groups.length)
  groups.forEach(([key], index) => {
    starts[index] = ids.length
    writeSortKey(orderOf(keyId(key)), ids)
    keyEnds[index] = ids.length
  })
  for (const index of sortRows({ bytes: ids.bytes, starts, keyEnds, count: groups.length }, false))
    yield { id: ids.bytes.subarray(starts[index], keyEnds[index]), group: groups[index]! }
}

/** Halves of surrogate pairs all look alike in UTF-8. */
function orderOf(id: unknown): unknown {
  return typeof id === 'string' && !id.isWellFormed() ? [JSON.stringify(id)] : id
}

/** Records of one key in one run: where their chunks lie, or these themselves. */
type Piece = { readonly from: number; readonly to: number } | { readonly bytes: Buffer }

function* merged(file: number, ends: readonly number[]): Generator<SpilledGroup> {
  const windowBytes = Math.floor(WINDOWS_BYTES / Math.max(1, ends.length))
  const size = Math.max(LEAST_WINDOW_BYTES, Math.min(MOST_WINDOW_BYTES, windowBytes))
  const runs = ends.map((end, number) => openRun(file, number, ends[number - 1] ?? 0, end, size))
  const heap = createRunHeap(
    runs.filter((run) => run.next()),
    (left, right) => {
      const order = Buffer.compare(left.id(), right.id())
      return order === 0 ? left.number < right.number : order < 0
    },
  )
  for (let first = heap.top(); first !== undefined; first = heap.top()) {
    const id = Buffer.from(first.id())
    const key = first.key()
    const pieces: Piece[] = []
    for (let run = heap.top(); run !== undefined && run.id().equals(id); run = heap.top()) {
      pieces.push(run.piece())
      heap.moved(run.next())
    }
    const state = { isOver: false }
    yield { key, records: { [Symbol.iterator]: () => recordsOf(file, pieces, state) } }
    state.isOver = true
  }
}

function* recordsOf(file: number, pieces: readonly Piece[], state: { readonly isOver: boolean }): Generator<unknown> {
  for (const piece of pieces) {
    for (const chunk of chunksOf(file, piece)) {
      requireCurrent(state.isOver)
      yield* decodeValues(chunk)
    }
  }
}

/** Throws where a group is read when another one's turn has come. */
export function requireCurrent(isOver: boolean): void {
  if (!isOver) return
  throw new TypeError(
    'Cannot read the records of a group: its function has ended, expected them to be read before; keep what is needed of them',
  )
}

function* chunksOf(file: number, piece: Piece): Generator<Uint8Array> {
  if ('bytes' in piece) {
    for (let at = 0; at < piece.bytes.byteLength;) {
      const length = piece.bytes.readUInt32LE(at)
      yield piece.bytes.subarray(at + 4, at + 4 + length)
      at += 4 + length
    }
    return
  }
  for (let at = piece.from; at < piece.to;) {
    const length = readAt(file, at, allocate(4)).readUInt32LE()
    // What is decoded may look into the memory that it was read from.
    yield readAt(file, at + 4, allocate(length))
    at += 4 + length
  }
}

function readAt(file: number, from: number, into: Buffer): Buffer {
  for (let read = 0; read < into.byteLength;) {
    const more = readSync(file, into, read, into.byteLength - read, from + read)
    if (more === 0) throw new Error(`Assertion: groups end at ${from + read}, expected ${into.byteLength} bytes more`)
    read += more
  }
  return into
}

/** Goes over the groups of one run. What it answers is good until it goes on. */
interface Run {
  readonly number: number
  /** Goes to the next group; false at the end. */
  next(): boolean
  /** By which groups are in order. */
  id(): Buffer
  key(): unknown
  piece(): Piece
}

function openRun(file: number, number: number, from: number, end: number, windowBytes: number): Run {
  let window: Buffer = allocate(0)
  let windowAt = 0
  const bytesAt = (at: number, length: number): Buffer => {
    if (at < windowAt || at + length > windowAt + window.byteLength) {
      const wanted = Math.min(Math.max(length, windowBytes), end - at)
      window = readAt(file, at, wanted === window.byteLength ? window : allocate(wanted))
      windowAt = at
    }
    return window.subarray(at - windowAt, at - windowAt + length)
  }
  let [nextAt, idAt, keyAt, recordsAt] = [from, from, from, from]
  let id = allocate(0) as Buffer
  return {
    number,
    next() {
      if (nextAt >= end) return false
      const header = bytesAt(nextAt, HEADER_BYTES)
      idAt = nextAt + HEADER_BYTES
      keyAt = idAt + header.readUInt32LE(0)
      recordsAt = keyAt + header.readUInt32LE(4)
      nextAt = recordsAt + header.readUInt32LE(8)
      id = Buffer.from(bytesAt(idAt, keyAt - idAt))
      return true
    },
    id: () => id,
    key: () => decodeValue(Buffer.from(bytesAt(keyAt, recordsAt - keyAt))),
    piece() {
      const length = nextAt - recordsAt
      if (length > SMALL_BYTES) return { from: recordsAt, to: nextAt }
      return { bytes: Buffer.from(bytesAt(recordsAt, length)) }
    },
  }
}
