import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { isActive, isReady, isTerminating } from '../pod-phase.ts'
import { parseIndexes } from './completion-indexes.ts'
import { completionIndexOf, isTracked } from './job-pod.ts'

/** How many ended pods one status carries as uncounted, as in Kubernetes: the object must stay small. */
const MOST_UNCOUNTED = 500

/** What the pods of a Job say, added to what its status says already. */
export interface Tally {
  readonly active: readonly Pod[]
  readonly ready: number
  readonly terminating: number
  /** All that succeeded: counted, uncounted and new. For Indexed Jobs the number of completed indexes. */
  readonly succeeded: number
  readonly failed: number
  readonly completedIndexes: ReadonlySet<number>
  /** Ended pods whose finalizer may go once the status that knows them is written. */
  readonly ended: readonly Pod[]
  /** The status' own counts, after uncounted pods without finalizer were moved over. */
  readonly counted: { readonly succeeded: number; readonly failed: number }
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] }
}

/** A pod that is being deleted counts as failed at once, unless the Job replaces pods only when they have ended. */
export function isFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === 'Failed') return true
  if (job.spec?.podReplacementPolicy === 'Failed') return false
  return isTerminating(pod)
}

/** Counts pods once each: the uid of an ended one is in the status before its finalizer goes, and leaves it afterwards. */
export function tally(job: Job, pods: readonly Pod[]): Tally {
  const indexed = job.spec?.completionMode === 'Indexed'
  const known = settleUncounted(job, pods)
  const completed = indexed ? parseIndexes(job.status?.completedIndexes, job.spec?.completions ?? 0) : new Set<number>()
  const succeeded = [...known.succeeded]
  const failed = [...known.failed]
  const ended: Pod[] = []
  for (const pod of pods) {
    if (!isTracked(pod) || succeeded.length + failed.length >= MOST_UNCOUNTED) continue
    const uid = pod.metadata.uid!
    const index = completionIndexOf(pod)
    const counts = !indexed || (index !== undefined && index < (job.spec?.completions ?? 0))
    if (pod.status?.phase === 'Succeeded' && !failed.includes(uid)) {
      if (indexed && counts) completed.add(index!)
      else if (!indexed && !succeeded.includes(uid)) succeeded.push(uid)
    } else if (isFailed(job, pod)) {
      if (counts && !failed.includes(uid)) failed.push(uid)
    } else continue
    ended.push(pod)
  }
  const active = pods.filter(isActive)
  return {
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter(isTerminating).length,
    succeeded: indexed ? completed.size : known.counted.succeeded + succeeded.length,
    failed: known.counted.failed + failed.length,
    completedIndexes: completed,
    ended,
    counted: { succeeded: indexed ? completed.size : known.counted.succeeded, failed: known.counted.failed },
    uncounted: { succeeded, failed },
  }
}

/** Pods that the status holds as uncounted and that have lost their finalizer, or are gone, are counted now. */
function settleUncounted(job: Job, pods: readonly Pod[]) {
  const tracked = new Set(pods.filter(isTracked).map((pod) => pod.metadata.uid!))
  const { succeeded = [], failed = [] } = job.status?.uncountedTerminatedPods ?? {}
  const stillSucceeded = succeeded.filter((uid) => tracked.has(uid))
  const stillFailed = failed.filter((uid) => tracked.has(uid))
  const counted = {
    succeeded: (job.status?.succeeded ?? 0) + succeeded.length - stillSucceeded.length,
    failed: (job.status?.failed ?? 0) + failed.length - stillFailed.length,
  }
  return { counted, succeeded: stillSucceeded, failed: stillFailed }
}
