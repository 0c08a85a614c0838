import { markedJson, readMarkedJson } from '../api/meta/big-integers.ts'
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../api/object.ts'
import type { Entry, Mutation, Snapshot } from './store.ts'
import { StoreError } from './store.ts'

/** The first line of a backup. */
interface BackupHead {
  readonly kind: 'ShoalBackup'
  readonly format: 1
  readonly revision: number
  readonly count: number
}

/** What a backup holds: all objects as they were at one revision. */
export interface Backup {
  readonly revision: number
  readonly entries: readonly Entry[]
}

/** Objects that are encoded at a time. */
const ENTRIES_A_CHUNK = 64

/**
 * A backup of a state: lines of JSON, first what it is, then an object each, then a checksum of all before. The state does not
 * change while this is read, however long that takes.
 */
export function* backupOf(snapshot: Snapshot): Iterable<Buffer> {
  const count = [...snapshot.resources()].reduce((sum, resource) => sum + snapshot.count(resource), 0)
  const head: BackupHead = { kind: 'ShoalBackup', format: 1, revision: snapshot.revision, count }
  const hash = createHash('sha256')
  const chunk = (lines: readonly string[]): Buffer => {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
    hash.update(bytes)
    return bytes
  }
  let lines = [JSON.stringify(head)]
  for (const resource of snapshot.resources()) {
    for (const entry of snapshot.list(resource)) {
      lines.push(markedJson(entry))
      if (lines.length < ENTRIES_A_CHUNK) continue
      yield chunk(lines)
      lines = []
    }
  }
  yield chunk(lines)
  yield Buffer.from(`${JSON.stringify({ sha256: hash.digest('hex') })}\n`)
}

const NEWLINE = 0x0a

/** Reads a backup. Rejects with a StoreError `damaged` where it is cut short, changed, or no backup. */
export async function readBackup(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Backup> {
  const hash = createHash('sha256')
  const entries: Entry[] = []
  let head: BackupHead | undefined
  let rest: Buffer = Buffer.alloc(0)
  let sum: string | undefined
  for await (const bytes of chunks) {
    rest = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes])
    let from = 0
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, from)) {
      const line = parseLine(rest.subarray(from, end))
      if (sum !== undefined) throw unreadable('something follows its end')
      if (head === undefined) head = headOf(line)
      else if ('sha256' in line) sum = String(line['sha256'])
      else entries.push(line as unknown as Entry)
      if (sum === undefined) hash.update(rest.subarray(from, end + 1))
      from = end + 1
    }
    rest = rest.subarray(from)
  }
  if (head === undefined || sum === undefined || rest.length > 0) throw unreadable('it is cut short')
  if (sum !== hash.digest('hex')) throw unreadable('its checksum is wrong')
  if (entries.length !== head.count) throw unreadable(`it has ${entries.length} of ${head.count} objects`)
  return { revision: head.revision, entries }
}

function parseLine(line: Buffer): Record<string, unknown> {
  try {
    const value = readMarkedJson(line.toString())
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {}
  throw unreadable('a line of it is no JSON object')
}

function headOf(line: Record<string, unknown>): BackupHead {
  if (line['kind'] !== 'ShoalBackup') throw unreadable('its first line is not that of a backup')
  if (line['format'] !== 1) throw unreadable(`it has format ${String(line['format'])}`)
  return line as unknown as BackupHead
}

function unreadable(found: string): StoreError {
  const hint = 'Take another backup; one is whole when shoal backup has said so'
  return new StoreError('damaged', `Cannot read the backup: ${found}, expected a whole one`, hint)
}

/**
 * What makes `now` equal to a backup, going forward: watchers see what is deleted, changed and made again, and versions rise.
 * Objects that `isKept` are left as they are.
 */
export function restoring(
  now: Snapshot,
  backup: Backup,
  isKept: (resource: string, key: string) => boolean = () => false,
): readonly Mutation[] {
  const mutations: Mutation[] = []
  const wanted = new Map<string, Set<string>>()
  for (const { resource, key } of backup.entries) {
    const keys = wanted.get(resource)
    if (keys === undefined) wanted.set(resource, new Set([key]))
    else keys.add(key)
  }
  for (const resource of now.resources()) {
    for (const { key } of now.list(resource)) {
      if (wanted.get(resource)?.has(key) !== true && !isKept(resource, key))
        mutations.push({ type: 'delete', resource, key })
    }
  }
  for (const { resource, key, object } of backup.entries)
    if (!isKept(resource, key)) mutations.push(...restored(now, resource, key, object))
  return mutations
}

/** One that was deleted and made again since is deleted first: another uid is another object. */
function restored(now: Snapshot, resource: string, key: string, object: KubeObject): readonly Mutation[] {
  const present = now.get(resource, key)?.object
  if (present === undefined) return [{ type: 'create', resource, key, object }]
  if (present.metadata.uid !== object.metadata.uid)
    return [
      { type: 'delete', resource, key },
      { type: 'create', resource, key, object },
    ]
  const metadata = { ...object.metadata, resourceVersion: present.metadata.resourceVersion }
  return isDeepStrictEqual({ ...object, metadata }, present) ? [] : [{ type: 'update', resource, key, object }]
}
