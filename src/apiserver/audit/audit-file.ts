import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Environment } from '../../env/environment.ts'
import type { AuditSink } from './audit-log.ts'

/** How large the file may become before it is put aside as `.1`. */
const MAX_FILE_BYTES = 64 << 20
/** Lines that wait for the disk beyond this are dropped, and said to be. */
const MAX_WAITING_CHARACTERS = 8 << 20
const FLUSH_EVERY_MS = 200

export interface AuditFileOptions {
  /** Default 64 MiB. */
  readonly maxBytes?: number
  /** How many older files are kept beside it, `.1` the latest. Default 1. */
  readonly backups?: number
}

/** Appends audit events to a file, many at a time. */
export async function openAuditFile(
  path: string,
  { timers, log }: Pick<Environment, 'timers' | 'log'>,
  { maxBytes = MAX_FILE_BYTES, backups = 1 }: AuditFileOptions = {},
): Promise<AuditSink> {
  let handle: FileHandle = await open(path, 'a', 0o600)
  let { size } = await handle.stat()
  let waiting: string[] = []
  let characters = 0
  let dropped = 0
  let writing: Promise<void> | undefined

  const writeOut = async (): Promise<void> => {
    const bytes = Buffer.from(waiting.join(''))
    waiting = []
    characters = 0
    try {
      if (size > 0 && size + bytes.length > maxBytes) {
        await handle.close()
        await putAside(path, backups)
        handle = await open(path, 'a', 0o600)
        size = 0
      }
      await handle.appendFile(bytes)
      size += bytes.length
    } catch (error) {
      log.error('Cannot write the audit log; its events are lost', { path, bytes: bytes.length, error })
    }
    if (dropped > 0) log.error('The audit log is behind; events were dropped', { path, dropped })
    dropped = 0
  }
  const flush = async (): Promise<void> => {
    // The timer of lines that `close` has written by now: the file may be closed.
    if (waiting.length === 0) return writing
    writing ??= writeOut().finally(() => (writing = undefined))
    return writing
  }
  return {
    write(line) {
      if (characters > MAX_WAITING_CHARACTERS) return void dropped++
      characters += line.length
      if (waiting.push(line) === 1) timers.after(FLUSH_EVERY_MS, () => void flush(), { background: true })
    },
    async close() {
      await writing
      await flush()
      await handle.close()
    },
  }
}

/** Each older file takes the next number; the last one goes. */
async function putAside(path: string, backups: number): Promise<void> {
  if (backups === 0) return await rm(path)
  for (let number = backups; number > 1; number--) {
    await rename(`${path}.${number - 1}`, `${path}.${number}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  await rename(path, `${path}.1`)
}
