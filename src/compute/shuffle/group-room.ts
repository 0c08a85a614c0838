import { getHeapStatistics } from 'node:v8'
import { fault } from '../dataset/fault.ts'

/** Groups that take less than this share of the heap are not what fills it. */
const LEAST_HELD = 0.4
/** A block takes this many times its bytes while it is read: its text, its records, and the longer arrays of groups beside the old. */
const READING = 2.5
/** The limit that is told counts the young generation as well, where nothing stays. */
const OLD = 0.9

/**
 * Throws where groups, of which `heldBytes` have been read, leave no room in their thread's heap for a block of `nextBytes`: by the key
 * of the largest, before the thread is ended without a word of it, and again elsewhere. A group is one array: there is
 * nowhere else for it to be.
 */
export function requireRoom(
  groups: readonly (readonly [unknown, readonly unknown[]])[],
  heldBytes: number,
  nextBytes: number,
): void {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics()
  if (heldBytes < limit * LEAST_HELD || used + nextBytes * READING < limit * OLD) return
  const [key, rows] = groups.reduce((left, right) => (right[1].length > left[1].length ? right : left))
  const [records, mebibytes] = [rows.length, Math.round(limit / 2 ** 20)]
  throw fault(
    'SHOAL_GROUP_TOO_LARGE',
    `Cannot group by ${nameOf(key)}: it has ${records} records so far, expected as many as a thread with ${mebibytes} MiB holds`,
    { key, records, heapBytes: limit },
    'mapGroups() streams the records of a group, however many; reduceByKey() and countBy() combine them without gathering them',
  )
}

/** Keys are primitives, Dates, or made of these. */
function nameOf(key: unknown): string {
  const text = typeof key === 'bigint' ? `${key}n` : (JSON.stringify(key) ?? String(key))
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}
