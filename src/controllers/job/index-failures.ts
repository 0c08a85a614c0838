import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { endOf, waitAfterFailuresMs } from './backoff.ts'
import { judgeFailure } from './pod-failure-policy.ts'

/** With `backoffLimitPerIndex`, each pod carries how often its index failed before it. */
const FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count'
const IGNORED_FAILURE_COUNT = 'batch.kubernetes.io/job-index-ignored-failure-count'

/** Whether the failure of `pod` is the last that its index may have. */
export function failsIndex(job: Job, pod: Pod): boolean {
  const { counts, action } = judgeFailure(job.spec?.podFailurePolicy, pod)
  return action === 'FailIndex' || (counts && countOf(pod, FAILURE_COUNT) >= (job.spec?.backoffLimitPerIndex ?? 0))
}

/** The failure counts for a pod that takes the place of `failed`, the last one of its index, if there was one. */
export function failureCountsAfter(job: Job, failed: Pod | undefined): Record<string, string> {
  if (job.spec?.backoffLimitPerIndex === undefined) return {}
  if (failed === undefined) return { [FAILURE_COUNT]: '0' }
  const { counts } = judgeFailure(job.spec.podFailurePolicy, failed)
  const failures = countOf(failed, FAILURE_COUNT) + (counts ? 1 : 0)
  const ignored = countOf(failed, IGNORED_FAILURE_COUNT) + (counts ? 0 : 1)
  return { [FAILURE_COUNT]: String(failures), ...(ignored === 0 ? {} : { [IGNORED_FAILURE_COUNT]: String(ignored) }) }
}

/** Milliseconds until an index may have a new pod after `failed`. */
export function indexBackoffMs(failed: Pod | undefined, nowMs: number): number {
  return failed === undefined ? 0 : waitAfterFailuresMs(failuresOf(failed) + 1, endOf(failed), nowMs)
}

/** Of two failed pods of one index, the later one: it knows of all failures. */
export function isLaterFailure(pod: Pod, than: Pod): boolean {
  return failuresOf(pod) >= failuresOf(than) && endOf(pod) >= endOf(than)
}

function failuresOf(pod: Pod): number {
  return countOf(pod, FAILURE_COUNT) + countOf(pod, IGNORED_FAILURE_COUNT)
}

function countOf(pod: Pod, annotation: string): number {
  return Number(pod.metadata.annotations?.[annotation] ?? 0) || 0
}
