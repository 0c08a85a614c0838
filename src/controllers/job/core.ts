import type { Job, JobCondition, JobStatus } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { jobs, pods as podsType } from '../../api/generated/resources.ts'
import { formatTime } from '../../env/clock.ts'
import type { Change, Note } from '../../reconcile/change.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { controllerOf } from '../../reconcile/source.ts'
import { claim } from '../claim.ts'
import { createPod, deletePod } from '../pod-changes.ts'
import { isActive, isTerminating } from '../pod-phase.ts'
import { backoffRemainingMs, endsOf } from './backoff.ts'
import type { End } from './backoff.ts'
import { firstFreeIndexes, formatIndexes } from './completion-indexes.ts'
import { condition, conditionOf, deadlineMs, finalCondition, isFinished, successOf, verdictOf } from './conditions.ts'
import { isFailed, replacesFailedOnly } from './failed-pod.ts'
import { failureCountsAfter, indexBackoffMs } from './index-failures.ts'
import { completionIndexOf, isTracked, JOB_TRACKING_FINALIZER, podFor, releasePod } from './job-pod.ts'
import { choosePodsToRemove, wantedActive } from './scale.ts'
import type { Tally } from './tally.ts'
import { countsAsFailure, MOST_UNCOUNTED, tally } from './tally.ts'

/** Most pods that one decision creates, as in Kubernetes. */
const MOST_PODS_AT_ONCE = 500

/** A Job, if it is there, the pods that name it as their controller, and those of its namespace that have none. */
export interface JobView {
  readonly job: Job | undefined
  readonly pods: readonly Pod[]
  /** How its pods ended, those that are gone included; default those that are there. */
  readonly ends?: ReadonlyMap<string, End>
}

/**
 * Decides the next step of a Job, as Kubernetes' controller does: count what ended (its uid goes into the status, then its
 * finalizer goes, then it is counted), create or delete pods, and set the conditions, the final one last of all.
 */
export function decideJob(view: JobView, nowMs: number): Decision {
  const { job } = view
  // Another controller's: not even what it leaves behind is ours.
  if (job?.spec?.managedBy !== undefined && job.spec.managedBy !== 'kubernetes.io/job-controller') return SETTLED
  const owned = view.pods.filter((pod) => isOwnedBy(pod, job))
  const strays = view.pods.filter((pod) => isTracked(pod) && controllerOf(pod) !== undefined && !owned.includes(pod))
  if (job === undefined || isFinished(job) || job.metadata.deletionTimestamp !== undefined) {
    // Nothing will be counted any more: whatever still waits to be counted is let go.
    return { changes: release([...strays, ...owned.filter(isTracked)]) }
  }
  const candidates = view.pods.filter((pod) => !strays.includes(pod))
  const claimed = claim(job, podsType, candidates, { mayAdopt: isActive, finalizer: JOB_TRACKING_FINALIZER })
  const pods = claimed.owned
  const ends = view.ends ?? endsOf(job, pods)
  const step = decideStep({ job, pods, ends }, tally(job, pods), nowMs)
  return { ...step, changes: [...release(strays), ...claimed.changes, ...step.changes] }
}

type Claimed = Required<JobView> & { readonly job: Job }

function decideStep(view: Claimed, counts: Tally, nowMs: number): Decision {
  const { job, pods } = view
  const verdict = verdictOf(job, counts, nowMs)
  if (verdict !== undefined) return endJob(job, counts, pods, verdict, nowMs)
  const scaling = scale(view, counts, nowMs)
  const success = successOf(job, counts, scaling.activeAfter, nowMs)
  const facts = { interim: success, pods, nowMs }
  const next = nextStatus(job, counts, { ...facts, active: scaling.activeAfter })
  const changes = [...scaling.changes, ...writeStatus(job, next), ...release(counts.ended)]
  const waitMs = Math.min(scaling.retryAfterMs, deadlineMs({ ...job, status: next }, nowMs))
  const whenFailed = () => writeStatus(job, nextStatus(job, counts, { ...facts, active: counts.active.length }))
  return { changes, whenFailed, ...(waitMs !== Infinity && { requeueAfterMs: Math.max(1, waitMs) }) }
}

/**
 * Deletes what still runs: in failure those pods count as failed, in success they do not count. The final condition waits
 * until they are gone.
 */
function endJob(job: Job, counts: Tally, pods: readonly Pod[], interim: JobCondition, nowMs: number): Decision {
  const room = MOST_UNCOUNTED - counts.ended.length
  const left = pods.filter((pod) => isTracked(pod) && pod.status?.phase !== 'Succeeded' && !counts.ended.includes(pod))
  const running = left.slice(0, Math.max(0, room))
  const counted = running.filter((pod) => {
    const isCounted = interim.type === 'FailureTarget' || isFailed(job, pod)
    return isCounted && countsAsFailure(job, pod)
  })
  const failed = [...new Set([...counts.uncounted.failed, ...counted.map((pod) => pod.metadata.uid!)])]
  const all = { ...counts, ready: 0, uncounted: { ...counts.uncounted, failed }, ended: [...counts.ended, ...running] }
  const terminating = counts.terminating + counts.active.length
  const next = nextStatus(job, { ...all, terminating }, { active: 0, interim, pods, nowMs })
  return {
    changes: [
      { verb: 'together', changes: counts.active.map((pod) => deletePod(job, pod)) },
      ...writeStatus(job, next),
      ...release(all.ended),
    ],
  }
}

interface Scaling {
  readonly changes: readonly Change[]
  readonly activeAfter: number
  readonly retryAfterMs: number
}

function scale({ job, pods, ends }: Claimed, counts: Tally, nowMs: number): Scaling {
  const wanted = wantedActive(job, counts)
  const surplus = choosePodsToRemove(job, counts, wanted)
  const activeNow = counts.active.length - surplus.length
  const removals = giveUp(job, surplus)
  // Pods are deleted or created in one step, never both: what is deleted frees indexes that have to be seen free.
  if (surplus.length > 0) return { changes: removals, activeAfter: activeNow, retryAfterMs: Infinity }
  const terminating = replacesFailedOnly(job) ? counts.terminating : 0
  const missing = Math.min(MOST_PODS_AT_ONCE, wanted - activeNow - terminating)
  if (missing <= 0) return { changes: [], activeAfter: activeNow, retryAfterMs: Infinity }
  const perIndex = job.spec?.backoffLimitPerIndex !== undefined
  const waitMs = perIndex ? 0 : backoffRemainingMs(ends.values(), nowMs)
  if (waitMs > 0) return { changes: [], activeAfter: activeNow, retryAfterMs: waitMs }
  const { created, retryAfterMs } = podsToCreate(job, pods, counts, missing, nowMs)
  const creations: Change = { verb: 'together', slowStart: true, changes: created.map((pod) => createPod(job, pod)) }
  return { changes: [creations], activeAfter: activeNow + created.length, retryAfterMs }
}

/** Pods that are given up are let go before they are deleted, so that they do not count as failed. */
function giveUp(job: Job, surplus: readonly Pod[]): readonly Change[] {
  const removals: Change = { verb: 'together', changes: surplus.map((pod) => deletePod(job, pod)) }
  return [...release(surplus.filter(isTracked)), removals]
}

/** The pods that are missing, but for those whose index has to wait for a while after a failure. */
function podsToCreate(job: Job, pods: readonly Pod[], counts: Tally, missing: number, nowMs: number) {
  if (job.spec?.completionMode !== 'Indexed') {
    return { created: Array.from({ length: missing }, () => podFor(job)), retryAfterMs: Infinity }
  }
  // Where pods are replaced only once they have ended, one that is still ending keeps its index.
  const kept = pods.filter((pod) => isActive(pod) || (replacesFailedOnly(job) && isTerminating(pod)))
  const taken = new Set(kept.map(completionIndexOf).filter((index) => index !== undefined))
  const { completedIndexes, failedIndexes = new Set(), replaceable } = counts
  const free = firstFreeIndexes(missing, job.spec.completions ?? 0, completedIndexes, taken, failedIndexes)
  const waits = free.map((index) => indexBackoffMs(replaceable.get(index), nowMs))
  const created = free
    .filter((_, i) => waits[i] === 0)
    .map((index) => podFor(job, index, failureCountsAfter(job, replaceable.get(index))))
  return { created, retryAfterMs: Math.min(Infinity, ...waits.filter((ms) => ms > 0)) }
}

interface StatusFacts {
  readonly active: number
  readonly interim: JobCondition | undefined
  readonly pods: readonly Pod[]
  readonly nowMs: number
}

function nextStatus(job: Job, counts: Tally, facts: StatusFacts): JobStatus {
  const { interim, nowMs } = facts
  const suspended = job.spec?.suspend === true
  let conditions = job.status?.conditions ?? []
  if (interim !== undefined && conditionOf(job, interim.type) === undefined) conditions = [...conditions, interim]
  if (interim === undefined) conditions = withSuspension(job, conditions, nowMs)
  const { succeeded, failed } = counts.uncounted
  const uncounted = {
    ...(succeeded.length === 0 ? {} : { succeeded }),
    ...(failed.length === 0 ? {} : { failed }),
  }
  const isFinal = interim !== undefined && isAllCounted(counts, facts)
  if (isFinal) conditions = [...conditions, finalCondition(interim, nowMs)]
  // One that is ending keeps its suspension, and with it its start: the API takes the one only with the other.
  const resumed = interim === undefined && conditionOf(job, 'Suspended') !== undefined
  const startTime = suspended ? job.status?.startTime : startOf(job, resumed, nowMs)
  const indexes = formatIndexes(counts.completedIndexes)
  const failedIndexes = counts.failedIndexes && formatIndexes(counts.failedIndexes)
  return {
    ...(facts.active === 0 ? {} : { active: facts.active }),
    ...(indexes === '' ? {} : { completedIndexes: indexes }),
    ...(isFinal && interim.type === 'SuccessCriteriaMet' ? { completionTime: formatTime(nowMs) } : {}),
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(counts.counted.failed === 0 ? {} : { failed: counts.counted.failed }),
    ...(failedIndexes === undefined ? {} : { failedIndexes }),
    ready: counts.ready,
    ...(startTime === undefined ? {} : { startTime }),
    ...(counts.counted.succeeded === 0 ? {} : { succeeded: counts.counted.succeeded }),
    terminating: counts.terminating,
    uncountedTerminatedPods: uncounted,
  }
}

/** A Job starts when it is first seen, and anew when it is resumed. */
function startOf(job: Job, resumed: boolean, nowMs: number): string {
  return (resumed ? undefined : job.status?.startTime) ?? formatTime(nowMs)
}

/** Whether no pod runs, and none still has the finalizer by which it waits to be counted. */
function isAllCounted(counts: Tally, facts: StatusFacts): boolean {
  return facts.active === 0 && counts.terminating === 0 && counts.ended.length === 0 && !facts.pods.some(isTracked)
}

function withSuspension(job: Job, conditions: readonly JobCondition[], nowMs: number): readonly JobCondition[] {
  const suspended = job.spec?.suspend === true
  const known = conditions.find(({ type }) => type === 'Suspended')
  if (suspended === (known?.status === 'True')) return conditions
  const next = suspended
    ? condition('Suspended', 'JobSuspended', 'Job suspended', nowMs)
    : condition('Suspended', 'JobResumed', 'Job resumed', nowMs, 'False')
  return [...conditions.filter((other) => other !== known), next]
}

function writeStatus(job: Job, next: JobStatus): Change[] {
  if (isSameStatus(job.status, next)) return []
  const note = statusNote(job, next)
  const done = note === undefined ? {} : { done: () => note }
  return [{ verb: 'update', type: jobs, object: { ...job, status: next } as Job, subresource: 'status', ...done }]
}

/** The event that belongs to the condition which this status adds, if it adds one that Kubernetes speaks of. */
function statusNote(job: Job, next: JobStatus): Note | undefined {
  const last = next.conditions?.at(-1)
  if (last === undefined || job.status?.conditions?.includes(last)) return undefined
  if (last.type === 'Complete') return { about: job, type: 'Normal', reason: 'Completed', message: 'Job completed' }
  if (last.type === 'Failed') return { about: job, type: 'Warning', reason: last.reason!, message: last.message! }
  if (last.type !== 'Suspended') return undefined
  const reason = last.status === 'True' ? 'Suspended' : 'Resumed'
  return { about: job, type: 'Normal', reason, message: last.message! }
}

function isSameStatus(a: JobStatus | undefined, b: JobStatus): boolean {
  return a !== undefined && JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(status: JobStatus): unknown {
  const { uncountedTerminatedPods = {}, ...rest } = status
  const entries = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))
  return [entries, uncountedTerminatedPods.succeeded ?? [], uncountedTerminatedPods.failed ?? []]
}

function release(pods: readonly Pod[]): Change[] {
  return pods.length === 0 ? [] : [{ verb: 'together', changes: pods.map(releasePod) }]
}

function isOwnedBy(pod: Pod, job: Job | undefined): boolean {
  return job !== undefined && controllerOf(pod)?.uid === job.metadata.uid
}
