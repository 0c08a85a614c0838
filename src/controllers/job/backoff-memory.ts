import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { endsOf, lastInARow } from './backoff.ts'
import type { End } from './backoff.ts'

/** More failures in a row than these make nobody wait for longer. */
const MOST_FAILURES = 10

/** How the pods of Jobs ended, for as long as their Jobs go on: whoever deletes a failed pod does not undo its failure. */
export interface BackoffMemory {
  /** The ends of those that are there, and of those that have been. */
  recall(key: string, job: Job, pods: readonly Pod[], nowMs: number): ReadonlyMap<string, End>
  forget(key: string): void
}

interface Remembered {
  readonly uid: string | undefined
  readonly ends: ReadonlyMap<string, End>
}

export function createBackoffMemory(): BackoffMemory {
  const remembered = new Map<string, Remembered>()
  return {
    recall(key, job, pods, nowMs) {
      const { uid } = job.metadata
      const of = remembered.get(key)
      const before = of?.uid === uid ? of?.ends : undefined
      // What was first known of an end stays: a pod that goes may say something else of it later.
      // Where the clock was set back, it was now: nobody waits for the clock to catch up.
      const past = (end: End) => (end.endedMs > nowMs ? { ...end, endedMs: nowMs } : end)
      const known = [...endsOf(job, pods), ...(before ?? [])]
      const all = new Map(known.map(([id, end]) => [id, past(end)] as const))
      const successes = [...all.values()].filter(({ hasFailed }) => !hasFailed)
      const latest = successes.reduce<End | undefined>(
        (a, b) => (a === undefined || b.endedMs > a.endedMs ? b : a),
        undefined,
      )
      const kept = new Set([latest, ...lastInARow(all.values()).slice(-MOST_FAILURES)])
      const ends = new Map([...all].filter(([, end]) => kept.has(end)))
      if (ends.size === 0) remembered.delete(key)
      else remembered.set(key, { uid, ends })
      return ends
    },
    forget: (key) => void remembered.delete(key),
  }
}
