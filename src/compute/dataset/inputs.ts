import { constants, accessSync, closeSync, globSync, openSync, readSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ComputeError } from '../errors.ts'
import { identityOf } from './text-range.ts'
import type { TextRange } from './text-range.ts'

/** A file to be read, as it was when the work was submitted. */
export interface InputFile {
  readonly path: string
  readonly bytes: number
  readonly identity: string
  /** Where any worker can fetch it. */
  readonly url?: string
  /** Whether the server of `url` gives ranges. */
  readonly isRanged?: boolean
  /** Where the driver finds it, where that is not `path`. */
  readonly local?: string
  /** Where workers find it on a volume that they share. */
  readonly shared?: string
}

/** The files that `patterns` name, in order of their paths. Rejects what cannot be read by name. */
export function findFiles(patterns: readonly string[]): readonly InputFile[] {
  const found = new Map<string, InputFile>()
  for (const pattern of patterns) {
    const matches = isPattern(pattern) ? globSync(pattern) : [pattern]
    let files = 0
    for (const match of matches) {
      const path = resolve(match)
      const file = found.get(path) ?? inspect(path, match, isPattern(pattern))
      if (file === undefined) continue
      found.set(path, file)
      files++
    }
    if (files === 0) throw noFile(pattern)
  }
  return [...found.values()].sort((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0))
}

function isPattern(path: string): boolean {
  return /[*?[\]{}!()]/.test(path) && statSync(path, { throwIfNoEntry: false }) === undefined
}

/** Undefined for what a pattern matches beside files: directories, sockets, devices. */
function inspect(path: string, shown: string, byPattern: boolean): InputFile | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (stat === undefined) {
    if (byPattern) return undefined
    throw noFile(shown)
  }
  if (!stat.isFile()) {
    if (byPattern) return undefined
    const what = stat.isDirectory() ? 'a directory' : 'not a regular file'
    const hint = `Name the files in it: "${shown.replace(/\/$/, '')}/**"`
    throw new ComputeError('SHOAL_UNREADABLE', `Cannot read "${shown}": it is ${what}, expected a file`, { hint })
  }
  try {
    accessSync(path, constants.R_OK)
  } catch (cause) {
    throw unreadable(shown, cause)
  }
  return { path, bytes: Number(stat.size), identity: identityOf(stat) }
}

function noFile(pattern: string): ComputeError {
  const hint = `Paths are taken from the working directory, ${process.cwd()}`
  return new ComputeError('SHOAL_NO_FILE', `Cannot read "${pattern}": no file matches`, { hint, facts: { pattern } })
}

export function unreadable(path: string, cause: unknown): ComputeError {
  const why = (cause as NodeJS.ErrnoException).code === 'EACCES' ? 'permission denied' : (cause as Error).message
  return new ComputeError('SHOAL_UNREADABLE', `Cannot read "${path}": ${why}`, { cause, facts: { path } })
}

const NEWLINE = 10
const LOOK_BYTES = 64 * 1024
/** V8 has no longer strings than 512 MiB; a line of half of that is no line. */
const MAX_LINE_BYTES = 256 * 1024 * 1024

/**
 * Cuts a file into ranges of at most `nextBytes()` that end where lines end; a longer line is a range of its own. The file
 * is looked at around the cuts alone.
 */
export function* cutBetweenLines(input: InputFile, nextBytes: () => number): Generator<TextRange> {
  const { path, identity, bytes } = input
  if (bytes <= nextBytes()) return void (yield { path, identity, from: 0, to: bytes })
  const file = openInput(path)
  try {
    for (let from = 0; from < bytes;) {
      const blockBytes = nextBytes()
      const to = from + blockBytes >= bytes ? bytes : cutAfter(file, input, from, blockBytes)
      yield { path, identity, from, to }
      from = to
    }
  } finally {
    closeSync(file)
  }
}

function openInput(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function cutAfter(file: number, input: InputFile, from: number, blockBytes: number): number {
  const buffer = Buffer.allocUnsafe(LOOK_BYTES)
  for (let end = from + blockBytes; end > from;) {
    const start = Math.max(from, end - LOOK_BYTES)
    const read = readSync(file, buffer, 0, end - start, start)
    const found = buffer.subarray(0, read).lastIndexOf(NEWLINE)
    if (found >= 0) return start + found + 1
    end = start
  }
  for (let at = from + blockBytes; at < input.bytes;) {
    if (at - from > MAX_LINE_BYTES) throw lineTooLong(input.path, from)
    const read = readSync(file, buffer, 0, LOOK_BYTES, at)
    if (read === 0) break
    const found = buffer.subarray(0, read).indexOf(NEWLINE)
    if (found >= 0) return at + found + 1
    at += read
  }
  return input.bytes
}

function lineTooLong(path: string, at: number): ComputeError {
  const message = `Cannot cut "${path}" between lines: the line at byte ${at} is longer than ${MAX_LINE_BYTES} bytes`
  return new ComputeError('SHOAL_LINE_TOO_LONG', message, { facts: { path, at }, hint: 'Is it a text file?' })
}

/** The bytes of `ranges`, one after the other, for workers that do not see the driver's files. */
export async function readRanges(ranges: readonly TextRange[]): Promise<Uint8Array> {
  const bytes = new Uint8Array(ranges.reduce((sum, { from, to }) => sum + to - from, 0))
  let offset = 0
  for (const { path, from, to, identity } of ranges) {
    const file = await open(path).catch((cause: unknown) => {
      throw unreadable(path, cause)
    })
    try {
      if (identityOf(await file.stat({ bigint: true })) !== identity) throw changed(path)
      for (let at = from; at < to;) {
        const { bytesRead } = await file.read(bytes, offset, to - at, at)
        if (bytesRead === 0) throw changed(path)
        at += bytesRead
        offset += bytesRead
      }
    } finally {
      await file.close()
    }
  }
  return bytes
}

function changed(path: string): ComputeError {
  const message = `Cannot read "${path}": it changed while it was read, expected what it was at submission`
  return new ComputeError('SHOAL_FILE_CHANGED', message, { facts: { path }, hint: 'Run again when it is complete' })
}
