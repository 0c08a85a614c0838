import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { isFailed } from './failed-pod.ts'
import { isTracked } from './job-pod.ts'

/** Kubernetes' wait before a failed pod is replaced: 10 s, doubled with each failure in a row, at most 10 minutes. */
export const POD_FAILURE_BACKOFF = { firstMs: 10_000, lastMs: 600_000 } as const

/** How a pod ended, and when. */
export interface End {
  readonly hasFailed: boolean
  readonly endedMs: number
}

/** The ends of a Job's pods, by uid. Pods that the Job itself gave up are deleted without its finalizer: they did not fail. */
export function endsOf(job: Job, pods: readonly Pod[]): ReadonlyMap<string, End> {
  const ends = new Map<string, End>()
  for (const pod of pods) {
    const { phase } = pod.status ?? {}
    const hasFailed = phase === 'Failed' || (isFailed(job, pod) && isTracked(pod))
    if (hasFailed || phase === 'Succeeded') ends.set(pod.metadata.uid!, { hasFailed, endedMs: endOf(pod) })
  }
  return ends
}

/** Milliseconds until a new pod may be created, given how the last ones ended. */
export function backoffRemainingMs(ends: Iterable<End>, nowMs: number): number {
  const row = lastInARow(ends)
  return waitAfterFailuresMs(row.length, row.at(-1)?.endedMs ?? 0, nowMs)
}

/** The failures since the last success, in order. */
export function lastInARow(ends: Iterable<End>): readonly End[] {
  const ordered = [...ends].sort((a, b) => a.endedMs - b.endedMs)
  return ordered.slice(ordered.findLastIndex(({ hasFailed }) => !hasFailed) + 1)
}

/** Milliseconds that are left of the wait after so many failures in a row, the last of them at `lastFailureMs`. */
export function waitAfterFailuresMs(failures: number, lastFailureMs: number, nowMs: number): number {
  if (failures === 0) return 0
  const waitMs = Math.min(POD_FAILURE_BACKOFF.lastMs, POD_FAILURE_BACKOFF.firstMs * 2 ** (failures - 1))
  return Math.max(0, lastFailureMs + waitMs - nowMs)
}

/** When the pod ended, as well as it can be known. */
export function endOf(pod: Pod): number {
  const { containerStatuses = [], conditions } = pod.status ?? {}
  const times = containerStatuses.map((status) => status.state?.terminated?.finishedAt)
  const known = times.filter((time) => time !== undefined).map((time) => Date.parse(time))
  if (known.length > 0 && known.length === times.length) return Math.max(...known)
  const ready = conditions?.find(({ type, status }) => type === 'Ready' && status === 'False')?.lastTransitionTime
  if (ready !== undefined) return Date.parse(ready)
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata
  if (deletionTimestamp !== undefined) return Date.parse(deletionTimestamp) - Number(deletionGracePeriodSeconds) * 1000
  return Date.parse(creationTimestamp ?? '') || 0
}
