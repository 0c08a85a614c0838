import * as fs from 'node:fs'
import type { LogTarget } from './messages.ts'

/** A longer line is cut into partial ones, as Kubernetes' log format asks of runtimes. */
const MAX_LINE_BYTES = 16 * 1024
const NEWLINE = 10

/**
 * Writes a container's output in the CRI log format, `TIME STREAM P|F TEXT`: F for a whole line, P for a part of one (it
 * was too long, or the container wrote no line end before it ended). Rotates `0.log` to `0.log.1` and so on.
 */
export interface LogWriter {
  write(stream: 'stdout' | 'stderr', chunk: Buffer): void
  /** Writes what is left of unfinished lines and closes the file. */
  close(): void
}

export function createLogWriter(target: LogTarget, timestamp: () => string, onWrite: () => void): LogWriter {
  let file = fs.openSync(target.path, 'a', 0o640)
  let size = 0
  const unfinished = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }

  const append = (parts: Buffer[]) => {
    if (parts.length === 0) return
    if (size >= target.maxBytes) {
      fs.closeSync(file)
      rotate(target)
      file = fs.openSync(target.path, 'a', 0o640)
      size = 0
    }
    const bytes = Buffer.concat(parts)
    writeAll(file, bytes)
    size += bytes.length
    onWrite()
  }

  return {
    write(stream, chunk) {
      const held = unfinished[stream]
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const parts: Buffer[] = []
      const time = timestamp()
      const rest = cutLines(bytes, time, stream, parts)
      // A copy, because the chunk's memory belongs to the pipe's reader.
      unfinished[stream] = Buffer.from(rest)
      append(parts)
    },
    close() {
      for (const stream of ['stdout', 'stderr'] as const) {
        const rest = unfinished[stream]
        if (rest.length > 0) append([Buffer.from(`${timestamp()} ${stream} P `), rest, Buffer.from('\n')])
      }
      fs.closeSync(file)
    },
  }
}

/** Adds the whole lines of `bytes` to `parts` and returns what remains after them. */
function cutLines(bytes: Buffer, time: string, stream: string, parts: Buffer[]): Buffer {
  const full = Buffer.from(`${time} ${stream} F `)
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf(NEWLINE, start)
    const length = (end < 0 ? bytes.length : end) - start
    if (length > MAX_LINE_BYTES) {
      parts.push(Buffer.from(`${time} ${stream} P `), bytes.subarray(start, start + MAX_LINE_BYTES), Buffer.from('\n'))
      start += MAX_LINE_BYTES
    } else if (end < 0) break
    else {
      parts.push(full, bytes.subarray(start, end + 1))
      start = end + 1
    }
  }
  return bytes.subarray(start)
}

function rotate({ path, maxFiles }: LogTarget): void {
  fs.rmSync(`${path}.${maxFiles - 1}`, { force: true })
  for (let n = maxFiles - 2; n >= 0; n--) {
    const from = n === 0 ? path : `${path}.${n}`
    if (fs.existsSync(from)) fs.renameSync(from, `${path}.${n + 1}`)
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += fs.writeSync(file, bytes, written)
}
