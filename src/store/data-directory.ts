import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { StoreError } from './store.ts'

/**
 * Takes the data directory for this process, making it where it does not exist; returns the way to give it back. The
 * lock is the kernel's, on a file of its own, held through SQLite since Node has no call for it: it ends with the
 * process, however that dies, and excludes other threads and containers too. Nobody else may open that file: closing it
 * would release the lock. Throws a StoreError with code `locked`, `read-only`, `full` or `io`.
 */
export async function lockDirectory(directory: string): Promise<() => void> {
  const { DatabaseSync } = await import('node:sqlite')
  const owner = join(directory, 'owner')
  try {
    makeDirectory(directory)
    const lock = new DatabaseSync(join(directory, 'lock'), { timeout: 0 })
    try {
      // Nothing is ever written to this file, so a journal in memory saves the disk some work.
      lock.exec(
        'PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE',
      )
    } catch (error) {
      lock.close()
      throw error
    }
    writeFileSync(owner, `process ${process.pid}\n`)
    return () => lock.close()
  } catch (error) {
    throw directoryError(directory, error, owner)
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    // On a file system that is read-only, making a path says that it does not exist; the place for it says why.
    let place = dirname(directory)
    while (!existsSync(place) && place !== dirname(place)) place = dirname(place)
    accessSync(place, constants.W_OK)
    throw error
  }
}

const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_CANTOPEN = 14

function directoryError(directory: string, error: unknown, owner: string): StoreError {
  const { errcode = 0 } = error as { readonly errcode?: number }
  if (errcode === SQLITE_BUSY) return lockedError(directory, owner, error)
  if (errcode === SQLITE_READONLY || errcode === SQLITE_CANTOPEN) return readOnlyError(directory, error)
  return fileError(directory, error)
}

function lockedError(directory: string, owner: string, cause: unknown): StoreError {
  const message = `Cannot open data directory "${directory}": it is used by ${readOwner(owner)}, expected no other user`
  return new StoreError('locked', message, 'Stop that cluster (shoal down), or name another --data-dir', { cause })
}

function readOwner(owner: string): string {
  try {
    return readFileSync(owner, 'utf8').trim()
  } catch {
    return 'another process'
  }
}

function readOnlyError(directory: string, cause: unknown): StoreError {
  const message = `Cannot open data directory "${directory}": it is not writable, expected write permission`
  return new StoreError('read-only', message, 'Give your user the directory, or name another --data-dir', { cause })
}

/** A StoreError for what the system says of a file below `directory`. */
export function fileError(directory: string, cause: unknown): StoreError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return readOnlyError(directory, cause)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const text = `Cannot write data directory "${directory}": its disk is full, expected room for the write`
    return new StoreError('full', text, 'Free space on that disk and try again; what was acknowledged is safe', {
      cause,
    })
  }
  const text = `Cannot use data directory "${directory}": ${message}, expected a directory on a working disk`
  return new StoreError('io', text, 'Look at the disk and its file system, or name another --data-dir', { cause })
}
