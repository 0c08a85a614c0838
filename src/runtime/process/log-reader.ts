import { open, readdir } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { LogLine, LogRequest } from '../runtime.ts'

const CHUNK_BYTES = 64 * 1024

/** A log to read, and the way to wait until there is more of it. */
export interface LogSource {
  readonly path: string
  /** True once nothing more will be written. */
  ended(): boolean
  /** Resolves when something was written since the last call, when the log ended, or when the signal is aborted. */
  changed(signal?: AbortSignal): Promise<void>
}

/** Reads a rotated log in the CRI format, oldest line first, and follows it where asked. */
export async function* readLog(source: LogSource, request: LogRequest): AsyncIterable<LogLine> {
  const from = request.tailLines === undefined ? undefined : await tailPosition(source, request)
  for (const { file, skip } of from ?? (await rotatedFiles(source.path)).map((file) => ({ file, skip: 0 }))) {
    let skipped = 0
    for await (const line of readFile(file, source, request, file === source.path)) {
      if (request.signal?.aborted) return
      if (request.sinceMs !== undefined && line.timeMs < request.sinceMs) continue
      if (skipped++ < skip) continue
      yield line
    }
  }
}

/** Oldest first. */
async function rotatedFiles(current: string): Promise<string[]> {
  const base = path.basename(current)
  const names = await readdir(path.dirname(current)).catch(() => [])
  const numbers = names
    .filter((name) => name.startsWith(`${base}.`))
    .map((name) => Number(name.slice(base.length + 1)))
    .filter(Number.isInteger)
  return [...numbers.toSorted((a, b) => b - a).map((n) => `${current}.${n}`), current]
}

/** Where the last `tailLines` lines begin: counts the lines of each file, newest first, until there are enough. */
async function tailPosition(source: LogSource, request: LogRequest): Promise<{ file: string; skip: number }[]> {
  let wanted = request.tailLines ?? 0
  const positions: { file: string; skip: number }[] = []
  for (const file of (await rotatedFiles(source.path)).toReversed()) {
    if (wanted <= 0 && file !== source.path) break
    let count = 0
    for await (const line of readFile(file, source, request, false)) {
      if (request.sinceMs === undefined || line.timeMs >= request.sinceMs) count++
    }
    positions.unshift({ file, skip: Math.max(0, count - wanted) })
    wanted -= count
  }
  return positions
}

async function* readFile(
  file: string,
  source: LogSource,
  request: LogRequest,
  isCurrent: boolean,
): AsyncGenerator<LogLine> {
  const first = await open(file).catch(() => undefined)
  if (!first) return
  let handle: FileHandle = first
  const follow = isCurrent && request.follow
  const unfinished = { bytes: Buffer.alloc(0) }
  try {
    for (;;) {
      const wasEnded = source.ended()
      yield* linesOf(handle, unfinished)
      const next: FileHandle | undefined = follow ? await successor(handle, file) : undefined
      if (next) {
        // What was written after it was read to its end and before it was rotated away.
        try {
          yield* linesOf(handle, unfinished)
        } finally {
          await handle.close()
          handle = next
        }
      } else if (!follow || wasEnded || request.signal?.aborted) return
      else await source.changed(request.signal)
    }
  } finally {
    await handle.close()
  }
}

/** The whole lines from where the handle stands to the end; a line that is found half written waits in `unfinished`. */
async function* linesOf(handle: FileHandle, unfinished: { bytes: Buffer }): AsyncGenerator<LogLine> {
  for await (const chunk of chunksOf(handle)) {
    const bytes = Buffer.concat([unfinished.bytes, chunk])
    const end = bytes.lastIndexOf(10) + 1
    unfinished.bytes = Buffer.from(bytes.subarray(end))
    yield* parseLines(bytes.subarray(0, end))
  }
}

/**
 * The file that follows the open one, where that has been renamed: the writer may have gone on by several. One that has
 * been removed meanwhile is followed by the oldest that is left.
 */
async function successor(handle: FileHandle, current: string): Promise<FileHandle | undefined> {
  for (;;) {
    const mine = await handle.stat()
    const { found, newer } = await scan(mine.ino, current)
    // Not found although it is there: it was renamed while we looked.
    if (found || mine.nlink === 0) return newer
    await newer?.close()
  }
}

/** Looks for the file among the log's, newest first; `newer` is the open one that was seen before it. */
async function scan(mine: number, current: string): Promise<{ found: boolean; newer: FileHandle | undefined }> {
  let newer: FileHandle | undefined
  for (const file of (await rotatedFiles(current)).toReversed()) {
    const opened = await open(file).catch(() => undefined)
    if (!opened) continue
    if ((await opened.stat()).ino === mine) {
      await opened.close()
      return { found: true, newer }
    }
    await newer?.close()
    newer = opened
  }
  return { found: false, newer }
}

async function* chunksOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

/** Parses whole lines of `TIME STREAM P|F TEXT`. */
export function* parseLines(bytes: Buffer): Generator<LogLine> {
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(10, start)
    const streamAt = bytes.indexOf(32, start) + 1
    const tagAt = bytes.indexOf(32, streamAt) + 1
    const textAt = tagAt + 2
    const isFull = bytes[tagAt] === 70
    yield {
      timeMs: parseTime(bytes.toString('latin1', start, streamAt - 1)),
      stream: bytes.toString('latin1', streamAt, tagAt - 1) === 'stderr' ? 'stderr' : 'stdout',
      bytes: bytes.subarray(textAt, isFull ? end + 1 : end),
    }
    start = end + 1
  }
}

/** Milliseconds with the fraction that nanoseconds leave. */
function parseTime(text: string): number {
  return Date.parse(`${text.slice(0, 19)}Z`) + Number(`0${text.slice(19, -1)}`) * 1000
}
