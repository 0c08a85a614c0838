import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { isActive, isReady, isTerminating } from '../pod-phase.ts'
import { parseIndexes } from './completion-indexes.ts'
import { failsIndex, isLaterFailure } from './index-failures.ts'
import { isFailed } from './failed-pod.ts'
import { completionIndexOf, isTracked } from './job-pod.ts'
import { judgeFailure } from './pod-failure-policy.ts'

/** How many ended pods one status carries as uncounted, as in Kubernetes: the object must stay small. */
export const MOST_UNCOUNTED = 500

/** What the pods of a Job say, added to what its status says already. */
export interface Tally {
  readonly active: readonly Pod[]
  readonly ready: number
  readonly terminating: number
  /** All that succeeded: counted, uncounted and new. For Indexed Jobs the number of completed indexes. */
  readonly succeeded: number
  readonly failed: number
  readonly completedIndexes: ReadonlySet<number>
  /** With a back-off limit per index only: the indexes that have failed for good. */
  readonly failedIndexes: ReadonlySet<number> | undefined
  /** Failed pods, by index, that stay until there is one in their place, which is told how often the index failed. */
  readonly replaceable: ReadonlyMap<number, Pod>
  /** Ended pods whose finalizer may go once the status that knows them is written. */
  readonly ended: readonly Pod[]
  /** The status' own counts, after uncounted pods without finalizer were moved over. */
  readonly counted: { readonly succeeded: number; readonly failed: number }
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] }
  /** Why the failure policy ends the Job, if it does. */
  readonly failJob: string | undefined
}

/** Whether the pod's end may be counted: those of an Indexed Job need an index that the Job has. */
export function hasPlace(job: Job, pod: Pod): boolean {
  if (job.spec?.completionMode !== 'Indexed') return true
  const index = completionIndexOf(pod)
  return index !== undefined && index < (job.spec.completions ?? 0)
}

/** Counts pods once each: the uid of an ended one is in the status before its finalizer goes, and leaves it afterwards. */
export function tally(job: Job, pods: readonly Pod[]): Tally {
  const indexed = job.spec?.completionMode === 'Indexed'
  const known = settleUncounted(job, pods)
  const active = pods.filter(isActive)
  const places = indexed ? placesOf(job, pods, active) : NO_PLACES
  const ends = countEnds(job, pods, known, new Set(places.replaceable.values()))
  const succeeded = ends.succeeded.length + known.counted.succeeded
  const failures = pods.filter((pod) => isFailed(job, pod))
  const waiting = [...places.replaceable.values()].filter((pod) => countsAsFailure(job, pod)).length
  return {
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter(isTerminating).length,
    succeeded: indexed ? places.completedIndexes.size : succeeded,
    failed: known.counted.failed + ends.failed.length + waiting,
    ...places,
    ended: ends.ended,
    counted: {
      succeeded: indexed ? places.completedIndexes.size : known.counted.succeeded,
      failed: known.counted.failed,
    },
    uncounted: { succeeded: ends.succeeded, failed: ends.failed },
    failJob: failures
      .map((pod) => judgeFailure(job.spec?.podFailurePolicy, pod).failJob)
      .find((why) => why !== undefined),
  }
}

export function countsAsFailure(job: Job, pod: Pod): boolean {
  return hasPlace(job, pod) && judgeFailure(job.spec?.podFailurePolicy, pod).counts
}

type Places = Pick<Tally, 'completedIndexes' | 'failedIndexes' | 'replaceable'>
const NO_PLACES: Places = { completedIndexes: new Set(), failedIndexes: undefined, replaceable: new Map() }

/** What became of each index. */
function placesOf(job: Job, pods: readonly Pod[], active: readonly Pod[]): Places {
  const completions = job.spec?.completions ?? 0
  const completedIndexes = parseIndexes(job.status?.completedIndexes, completions)
  const tracked = pods.filter((pod) => isTracked(pod) && hasPlace(job, pod))
  for (const pod of tracked) if (pod.status?.phase === 'Succeeded') completedIndexes.add(completionIndexOf(pod)!)
  if (job.spec?.backoffLimitPerIndex === undefined) return { ...NO_PLACES, completedIndexes }
  const failed = tracked.filter((pod) => isFailed(job, pod))
  const failedIndexes = parseIndexes(job.status?.failedIndexes, completions)
  for (const pod of failed) if (failsIndex(job, pod)) failedIndexes.add(completionIndexOf(pod)!)
  const taken = new Set(active.map(completionIndexOf))
  const replaceable = new Map<number, Pod>()
  for (const pod of failed) {
    const index = completionIndexOf(pod)!
    if (completedIndexes.has(index) || failedIndexes.has(index) || taken.has(index)) continue
    const other = replaceable.get(index)
    if (other === undefined || isLaterFailure(pod, other)) replaceable.set(index, pod)
  }
  return { completedIndexes, failedIndexes, replaceable }
}

type Known = ReturnType<typeof settleUncounted>

function countEnds(job: Job, pods: readonly Pod[], known: Known, held: ReadonlySet<Pod>) {
  const indexed = job.spec?.completionMode === 'Indexed'
  const succeeded = new Set(known.succeeded)
  const failed = new Set(known.failed)
  const ended: Pod[] = []
  for (const pod of pods) {
    if (!isTracked(pod) || held.has(pod)) continue
    if (succeeded.size + failed.size >= MOST_UNCOUNTED) break
    const uid = pod.metadata.uid!
    if (pod.status?.phase === 'Succeeded' && !failed.has(uid)) {
      // The index is enough to count a success once.
      if (!indexed) succeeded.add(uid)
    } else if (isFailed(job, pod)) {
      if (countsAsFailure(job, pod)) failed.add(uid)
    } else continue
    ended.push(pod)
  }
  return { succeeded: [...succeeded], failed: [...failed], ended }
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
