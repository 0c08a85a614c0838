import { isAscii } from 'node:buffer'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { fetchRange } from '../sources/fetch-range.ts'
import type { BinaryFile } from './dataset.ts'
import type { TextRange, TextTask } from './text-range.ts'
import { identityOf } from './text-range.ts'
import type { SourcePosition } from './task-context.ts'

const NEWLINE = 10

/** One buffer for a thread's whole life: what is read is decoded before the next task. */
let shared = Buffer.allocUnsafeSlow(0)

/**
 * The bytes of a task's ranges, one after the other. Undefined where one of the files is not here or not what the driver saw; then
 * nothing has been made of any of them.
 */
export function readTask(task: TextTask): Buffer | Promise<Buffer> | undefined {
  const total = task.ranges.reduce((sum, { from, to }) => sum + to - from, 0)
  if (task.bytes !== undefined) {
    return Buffer.from(task.bytes.buffer, task.bytes.byteOffset, task.bytes.byteLength)
  }
  if (task.ranges.some(({ url }) => url !== undefined)) {
    return Promise.all(task.ranges.map(fetchRange)).then((all) => (all.length === 1 ? all[0]! : Buffer.concat(all)))
  }
  if (shared.length < total) shared = Buffer.allocUnsafeSlow(total)
  let at = 0
  for (const range of task.ranges) {
    if (!readRange(range, shared, at)) return undefined
    at += range.to - range.from
  }
  return shared
}

/** Whether the file was the driver's and gave all bytes of the range. */
function readRange(range: TextRange, into: Buffer, offset: number): boolean {
  let file: number
  try {
    file = openSync(range.shared ?? range.path, 'r')
  } catch {
    return false
  }
  try {
    if (range.shared === undefined && identityOf(fstatSync(file, { bigint: true })) !== range.identity) return false
    for (let at = range.from; at < range.to;) {
      const read = readSync(file, into, offset + at - range.from, range.to - at, at)
      if (read === 0) return false
      at += read
    }
    return true
  } catch {
    return false
  } finally {
    closeSync(file)
  }
}

/** The texts of what {@link readTask} read: each range in records of at most `recordBytes`, cut between lines. */
export function* textsIn(
  bytes: Buffer,
  ranges: readonly TextRange[],
  recordBytes: number,
  position: SourcePosition,
): Generator<string> {
  let start = 0
  for (const { path, from, to, columns, url, shared } of ranges) {
    const end = start + to - from
    position.path = path
    position.file = url === undefined ? (shared ?? path) : undefined
    position.columns = columns
    for (let at = start; at < end;) {
      const cut = endOfRecord(bytes, at, end, recordBytes)
      position.offset = from + at - start
      yield decode(bytes.subarray(at, cut))
      at = cut
    }
    if (start === end) yield ''
    start = end
  }
}

/** Each range of what {@link readTask} read as a file of its own: a copy, since the buffer is used again. */
export function* filesIn(bytes: Buffer, ranges: readonly TextRange[], position: SourcePosition): Generator<BinaryFile> {
  let start = 0
  for (const { path, from, to } of ranges) {
    position.path = path
    yield { path, bytes: Uint8Array.from(bytes.subarray(start, start + to - from)) }
    start += to - from
  }
}

/** After the last line end within `recordBytes`, or where a longer line ends. */
function endOfRecord(bytes: Buffer, at: number, end: number, recordBytes: number): number {
  if (end - at <= recordBytes) return end
  const before = bytes.lastIndexOf(NEWLINE, at + recordBytes - 1)
  if (before >= at) return before + 1
  const after = bytes.indexOf(NEWLINE, at + recordBytes)
  return after < 0 || after >= end ? end : after + 1
}

/** Text of ASCII alone is decoded by copying, and V8 keeps it at one byte for each character. */
function decode(bytes: Buffer): string {
  return isAscii(bytes) ? bytes.toString('latin1') : bytes.toString('utf8')
}
