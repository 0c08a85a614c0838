import { closeSync, existsSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createSiblings } from '../siblings.ts'
import type { Siblings } from '../siblings.ts'
import { StoreError } from '../store.ts'
import type { Entry } from '../store.ts'
import { applyLines, countOf } from './lines.ts'
import type { FrameHead, Objects } from './lines.ts'
import { FRAMES_AT } from './segment-header.ts'
import { readSegment, SegmentDamage } from './segment-reader.ts'
import type { SegmentContent } from './segment-reader.ts'

/** All that a directory holds, and where it goes on. */
export interface Loaded {
  readonly revision: number
  readonly objects: Objects
  readonly count: number
  /** The segment of changes that is written to, with where its frames end and what is torn behind. */
  readonly current: { readonly name: string; readonly end: number; readonly torn: number }
  /** The bytes of the state that the changes follow; 0 where there is none. */
  readonly stateBytes: number
  /** The bytes of all changes since. */
  readonly changesBytes: number
}

/** What is true after all that has been read so far. */
interface Reached {
  head: FrameHead | undefined
  readonly siblings: Siblings
}

interface Segments {
  readonly states: readonly number[]
  readonly changes: readonly number[]
}

export const stateName = (revision: number): string => `state.${revision}`
export const changesName = (revision: number): string => `changes.${revision}`

/**
 * Loads the newest state and all changes after it, and removes what a compaction has left behind. Undefined where the
 * directory holds nothing yet. Throws a StoreError `damaged` that names the file, and what is wrong with it.
 */
export function loadSegments(directory: string): Loaded | undefined {
  const segments = listSegments(directory)
  const base = segments.states.at(-1)
  const follow = segments.changes.filter((revision) => base === undefined || revision >= base)
  if (base === undefined && follow.length === 0) return undefined
  const objects: Objects = new Map()
  const reached: Reached = { head: undefined, siblings: createSiblings() }
  let stateBytes = 0
  if (base !== undefined) stateBytes = loadState(directory, base, objects, reached).end
  let current: Loaded['current'] | undefined
  let changesBytes = 0
  for (const revision of follow) {
    const content = loadChanges(directory, revision, objects, reached)
    if (content === undefined) continue
    if (current !== undefined && current.torn > 0)
      throw damaged(directory, current.name, `${current.torn} bytes follow its end`)
    changesBytes += content.end
    current = { name: changesName(revision), end: content.end, torn: content.torn }
  }
  if (current === undefined) throw missing(directory, changesName(base!))
  for (const revision of segments.states) if (revision !== base) rmSync(join(directory, stateName(revision)))
  for (const revision of segments.changes)
    if (!follow.includes(revision)) rmSync(join(directory, changesName(revision)))
  const { revision, count } = reached.head!
  return { revision, objects, count, current, stateBytes, changesBytes }
}

/** Entries in the order in which they were read. */
export function* entriesOf(objects: Objects): Iterable<Entry> {
  for (const entries of objects.values()) yield* entries.values()
}

function listSegments(directory: string): Segments {
  if (existsSync(join(directory, 'objects.mdb')))
    throw damaged(directory, 'objects.mdb', 'it is of an earlier version of Shoal, which kept objects otherwise')
  const found = { states: [] as number[], changes: [] as number[] }
  for (const name of readdirSync(directory)) {
    const [, kind, revision, unfinished] = /^(state|changes)\.(\d+)(\.new)?$/.exec(name) ?? []
    if (unfinished !== undefined) rmSync(join(directory, name))
    else if (kind === 'state') found.states.push(Number(revision))
    else if (kind === 'changes') found.changes.push(Number(revision))
  }
  return { states: found.states.toSorted((a, b) => a - b), changes: found.changes.toSorted((a, b) => a - b) }
}

function loadState(directory: string, revision: number, objects: Objects, reached: Reached): SegmentContent {
  const name = stateName(revision)
  const content = loadSegment(directory, name, (bytes) => void applyLines(bytes, objects, reached.siblings))
  const { header } = content
  if (header.kind !== 'state' || header.revision !== revision)
    throw damaged(directory, name, `it says to be the ${header.kind} of revision ${header.revision}`)
  if (content.torn > 0) throw damaged(directory, name, `${content.torn} bytes follow its end`)
  const count = countOf(objects)
  if (count !== header.count) throw damaged(directory, name, `it has ${count} of ${header.count} objects`)
  reached.head = { revision, count }
  return content
}

/** Undefined for a segment that was never used: its making failed at the last step, and the one before was gone on with. */
function loadChanges(directory: string, after: number, objects: Objects, reached: Reached): SegmentContent | undefined {
  const name = changesName(after)
  const before = reached.head
  const content = loadSegment(directory, name, (bytes, offset) => {
    const head = applyLines(bytes, objects, reached.siblings)
    // Where each frame is checked on its own, adding up all resources is cheap: there are some dozens.
    const count = countOf(objects)
    if (count !== head.count)
      throw new SegmentDamage(`there are ${count} objects after the changes at byte ${offset}, and not ${head.count}`)
    reached.head = head
  })
  const { header, torn } = content
  if (header.kind !== 'changes' || header.revision !== after)
    throw damaged(directory, name, `it says to be the ${header.kind} of revision ${header.revision}`)
  // The first segment of a store follows nothing, and has no objects before it.
  const start = before ?? { revision: after, count: 0 }
  if (content.end === FRAMES_AT && torn === 0 && start.revision > after) return undefined
  if (start.revision !== after || start.count !== header.count)
    throw damaged(directory, name, `it follows revision ${after}, and what is before it ends at ${start.revision}`)
  reached.head ??= start
  return content
}

function loadSegment(directory: string, name: string, onFrame: Parameters<typeof readSegment>[1]): SegmentContent {
  const fd = openSync(join(directory, name), 'r')
  try {
    return readSegment(fd, onFrame)
  } catch (error) {
    if (error instanceof SegmentDamage) throw damaged(directory, name, error.message)
    throw error
  } finally {
    closeSync(fd)
  }
}

const HINT = 'Restore a backup (shoal restore), or name another --data-dir; then check the disk'

function damaged(directory: string, name: string, found: string): StoreError {
  const message = `Cannot load "${name}" from data directory "${directory}": ${found}, expected what was written`
  return new StoreError('damaged', message, HINT)
}

function missing(directory: string, name: string): StoreError {
  return damaged(directory, name, 'it is not there')
}
