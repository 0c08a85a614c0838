import { closeSync, fdatasync, ftruncateSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { crc32 } from 'node:zlib'
import type { Environment } from '../../env/environment.ts'

/** What happened in a stage, in the order in which it did. */
export type JournalEntry =
  /** The stage was asked for work for one of `threads` threads, and gave some. */
  | { readonly type: 'taken'; readonly threads: number }
  /** The result of the piece that was taken as number `work`; `input` is the hash of what went into it. */
  | {
      readonly type: 'done'
      readonly work: number
      readonly micros: number
      readonly input: string
      readonly payload: Uint8Array
    }
  | { readonly type: 'part'; readonly part: Uint8Array }
  | { readonly type: 'ended' }
  /** What was recorded before does not fit the program any more: it begins anew from here. */
  | { readonly type: 'begun' }

/** What a driver has committed, on disk: what one that was killed left behind, the next one finds. */
export interface Journal {
  /** What was recorded of the stage with that key since it last began, oldest first. */
  entries(stage: string): readonly JournalEntry[]
  /** In the system's hands when this turn is over, on the disk a second later. */
  append(stage: string, entry: JournalEntry): void
  /** Leaves the file for the next driver, or removes it where the run has come to its end. */
  close(isOver: boolean): void
}

interface Line {
  readonly stage: string
  readonly entry: JournalEntry
}

/** Before each entry: its length and its checksum, 32 bits each, little endian. */
const HEADER_BYTES = 8
const SYNC_MS = 1000

/** Opens the journal at `path`. A torn end, as a crash leaves it, is cut off. */
export function openJournal(env: Environment, path: string): Journal {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const file = openSync(path, 'a+', 0o600)
  const { lines, validBytes } = readLines(readFileSync(path))
  ftruncateSync(file, validBytes)
  const stages = new Map<string, JournalEntry[]>()
  for (const line of lines) keep(stages, line)
  let waiting: Buffer[] = []
  let isSyncing = false
  let isOpen = true
  const flush = () => {
    if (!isOpen) return
    const bytes = Buffer.concat(waiting)
    waiting = []
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
    if (isSyncing) return
    isSyncing = true
    env.timers.after(SYNC_MS, () => isOpen && fdatasync(file, () => (isSyncing = false)), { background: true })
  }
  return {
    entries: (stage) => stages.get(stage) ?? [],
    append(stage, entry) {
      if (!isOpen) return
      if (waiting.length === 0) queueMicrotask(flush)
      waiting.push(encodeLine({ stage, entry }))
    },
    close(isOver) {
      if (!isOpen) return
      flush()
      isOpen = false
      closeSync(file)
      if (isOver) rmSync(path, { force: true })
    },
  }
}

function keep(stages: Map<string, JournalEntry[]>, { stage, entry }: Line): void {
  const known = stages.get(stage)
  if (entry.type === 'begun') stages.set(stage, [])
  else if (known === undefined) stages.set(stage, [entry])
  else known.push(entry)
}

function encodeLine(line: Line): Buffer {
  const body = serialize(line)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(body.length, 0)
  header.writeUInt32LE(crc32(body), 4)
  return Buffer.concat([header, body])
}

function readLines(bytes: Buffer): { readonly lines: readonly Line[]; readonly validBytes: number } {
  const lines: Line[] = []
  let at = 0
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + HEADER_BYTES + bytes.readUInt32LE(at)
    if (end > bytes.length) break
    const body = bytes.subarray(at + HEADER_BYTES, end)
    if (crc32(body) !== bytes.readUInt32LE(at + 4)) break
    lines.push(deserialize(body) as Line)
    at = end
  }
  return { lines, validBytes: at }
}
