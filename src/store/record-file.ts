import { constants } from 'node:fs'
import { open as openFile, statfs } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { RootDatabase } from 'lmdb'
import type { Journal } from './core.ts'
import { fileError, lockDirectory } from './data-directory.ts'
import { fileDamage } from './file-damage.ts'
import { decodeRecord, encodeRecord, HEADER_KEY, recordKey } from './record.ts'
import type { Header } from './record.ts'
import { StoreError } from './store.ts'
import type { Change, Commit, Entry } from './store.ts'

/** Objects in a file, each as a record with a checksum; many commits are one transaction and one flush. */
export interface RecordFile extends Journal {
  /** All that is in the file, verified; undefined where it is new. Throws a StoreError that names what is damaged. */
  load(): { readonly revision: number; readonly entries: readonly Entry[] } | undefined
}

type Database = RootDatabase<Buffer, Buffer>

const PAGE_BYTES = 4096
/** Room that the disk must have when the file is opened. */
const OPENING_BYTES = 1 << 17
/** The file grows by at least so much at a time. */
const GROWTH_BYTES = 1 << 20

/** Opens the file in `directory`, which is locked until it is closed. LMDB is loaded now, not before. */
export async function openRecordFile(directory: string): Promise<RecordFile> {
  const unlock = await lockDirectory(directory)
  const path = join(directory, 'objects.mdb')
  let handle: FileHandle | undefined
  try {
    handle = await openFile(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    await syncDirectory(directory)
    await expectRoom(directory)
    const problem = fileDamage(handle.fd)
    if (problem !== undefined) throw damagedFile(directory, problem)
    const { open } = await import('lmdb')
    // Without overlapping sync a transaction that is committed is flushed too.
    const options = { noSubdir: true, overlappingSync: false, encoding: 'binary', keyEncoding: 'binary' } as const
    return new LmdbFile(directory, open<Buffer, Buffer>({ path, ...options }), handle, unlock)
  } catch (error) {
    await handle?.close()
    unlock()
    if (error instanceof StoreError) throw error
    if (/MDB_(INVALID|CORRUPTED|VERSION_MISMATCH)/.test(String(error)))
      throw damagedFile(directory, String(error), error)
    throw fileError(directory, error)
  }
}

/** LMDB writes its lock file through a map, which would end the process where the disk has no room for it. */
async function expectRoom(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  if (bavail * bsize >= OPENING_BYTES) return
  throw Object.assign(new Error(`${bavail * bsize} bytes are free, expected ${OPENING_BYTES}`), { code: 'ENOSPC' })
}

/** Makes the file's name durable, without which its content would be of no use. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await openFile(directory, constants.O_RDONLY)
  await handle.sync().finally(() => handle.close())
}

class LmdbFile implements RecordFile {
  readonly #directory: string
  readonly #database: Database
  /** For growing the file. */
  readonly #handle: FileHandle
  readonly #unlock: () => void
  #count = 0
  /** Why nothing can be written any more. */
  #broken: StoreError | undefined

  constructor(directory: string, database: Database, handle: FileHandle, unlock: () => void) {
    this.#directory = directory
    this.#database = database
    this.#handle = handle
    this.#unlock = unlock
  }

  load(): { readonly revision: number; readonly entries: readonly Entry[] } | undefined {
    let header: Header | undefined
    const entries: Entry[] = []
    const damaged: string[] = []
    for (const { key, value } of this.#database.getRange()) {
      const content = decodeRecord(value)
      if (key.equals(HEADER_KEY) && content !== undefined) header = content as Header
      else if (isEntryAt(content, key)) entries.push(content)
      else damaged.push(printable(key))
    }
    if (damaged.length > 0) throw damagedRecords(this.#directory, damaged)
    if (header === undefined && entries.length === 0) return undefined
    const found = `${entries.length} of ${header?.count ?? 'an unknown number of'} records`
    if (header?.count !== entries.length) throw damagedFile(this.#directory, `it has ${found}`)
    if (header.format !== 1) throw damagedFile(this.#directory, `it has format ${String(header.format)}, expected 1`)
    this.#count = entries.length
    return { revision: header.revision, entries }
  }

  async write(commits: readonly Commit[]): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    const last = lastChanges(commits)
    const count = this.#count + countDifference(commits)
    const header = encodeRecord({ format: 1, revision: commits.at(-1)!.revision, count })
    const records = last.map(({ type, entry }) => ({
      key: recordKey(entry.resource, entry.key),
      value: type === 'delete' ? undefined : encodeRecord(entry),
    }))
    await this.#reserve(records)
    await this.#put([...records, { key: HEADER_KEY, value: header }])
    this.#count = count
  }

  async close(): Promise<void> {
    if (this.#broken === undefined) await this.#database.close()
    await this.#handle.close()
    this.#unlock()
  }

  async #put(records: readonly { readonly key: Buffer; readonly value: Buffer | undefined }[]): Promise<void> {
    const settled: Promise<unknown>[] = []
    const flushed = this.#database.batch(() => {
      for (const { key, value } of records) {
        settled.push(value === undefined ? this.#database.remove(key) : this.#database.put(key, value))
      }
    })
    // Each operation rejects by itself too.
    for (const operation of settled) operation.catch(() => undefined)
    try {
      await flushed
    } catch (error) {
      // What the file holds now is not known, and LMDB is not fit for use after a failed write.
      const message = `Cannot write data directory "${this.#directory}": ${String(error)}, expected a working disk`
      const hint = 'Look at the disk, then start the cluster again: it continues from what was flushed'
      this.#broken = new StoreError('io', message, hint, { cause: error })
      throw this.#broken
    }
  }

  /**
   * Makes the file long enough for the records, by writing zeros, before LMDB writes them. LMDB ends the process (heap
   * corruption, seen with lmdb 3.5.6) when the disk is full in the middle of its transaction; here that is but an error.
   */
  async #reserve(records: readonly { readonly value: Buffer | undefined }[]): Promise<void> {
    // Each record may copy the pages from its own to the root, of the tree and of the list of free pages.
    let bytes = 64 * PAGE_BYTES
    for (const { value } of records) bytes += 6 * PAGE_BYTES + 2 * (value?.length ?? 0)
    const { lastPageNumber } = this.#database.getStats() as { readonly lastPageNumber: number }
    const needed = (lastPageNumber + 1) * PAGE_BYTES + bytes
    try {
      const { size } = await this.#handle.stat()
      if (size >= needed) return
      await this.#extend(size, Math.max(needed, size + GROWTH_BYTES)).catch(() => this.#extend(size, needed))
    } catch (error) {
      throw fileError(this.#directory, error)
    }
  }

  async #extend(from: number, to: number): Promise<void> {
    const zeros = Buffer.alloc(Math.min(to - from, GROWTH_BYTES))
    try {
      for (let at = from; at < to;)
        at += (await this.#handle.write(zeros, 0, Math.min(zeros.length, to - at), at)).bytesWritten
    } catch (error) {
      await this.#handle.truncate(from)
      throw error
    }
  }
}

/** The key may be what is damaged. */
function printable(key: Buffer): string {
  return key.toString().replace(/\p{C}/gu, '\uFFFD')
}

function isEntryAt(content: unknown, key: Buffer): content is Entry {
  if (content === undefined) return false
  const entry = content as Entry
  return recordKey(entry.resource, entry.key).equals(key)
}

/** The last change of each object: only that needs to be written. */
function lastChanges(commits: readonly Commit[]): Change[] {
  if (commits.length === 1 && commits[0]!.changes.length === 1) return [...commits[0]!.changes]
  const last = new Map<string, Change>()
  for (const { changes } of commits) {
    for (const change of changes) last.set(`${change.entry.resource}/${change.entry.key}`, change)
  }
  return [...last.values()]
}

function countDifference(commits: readonly Commit[]): number {
  let difference = 0
  for (const { changes } of commits) {
    for (const { type } of changes) difference += type === 'create' ? 1 : type === 'delete' ? -1 : 0
  }
  return difference
}

const DAMAGED_HINT = 'put a copy of the directory in its place, or name another --data-dir; then check the disk'

function damagedRecords(directory: string, keys: readonly string[]): StoreError {
  const others = keys.length > 1 ? ` and ${keys.length - 1} more` : ''
  const message = `Cannot load "${keys[0]}"${others} from data directory "${directory}": the checksum is wrong, expected the bytes that were written`
  return new StoreError('damaged', message, DAMAGED_HINT)
}

function damagedFile(directory: string, found: string, cause?: unknown): StoreError {
  const message = `Cannot load data directory "${directory}": ${found}, expected a whole data file`
  return new StoreError('damaged', message, DAMAGED_HINT, { cause })
}
