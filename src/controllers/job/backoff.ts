import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { isFailed } from './failed-pod.ts'

/** Kubernetes' wait before a failed pod is replaced: 10 s, doubled with each failure in a row, at most 10 minutes. */
export const POD_FAILURE_BACKOFF = { firstMs: 10_000, lastMs: 600_000 } as const

/** Milliseconds until a new pod may be created, given how the last ones ended. */
export function backoffRemainingMs(job: Job, pods: readonly Pod[], nowMs: number): number {
  let failures = 0
  let lastFailureMs = 0
  const ended = pods.filter((pod) => pod.status?.phase === 'Succeeded' || isFailed(job, pod))
  for (const { pod, endedMs } of ended
    .map((pod) => ({ pod, endedMs: endOf(pod) }))
    .sort((a, b) => a.endedMs - b.endedMs)) {
    failures = pod.status?.phase === 'Succeeded' ? 0 : failures + 1
    lastFailureMs = endedMs
  }
  return waitAfterFailuresMs(failures, lastFailureMs, nowMs)
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
  if (deletionTimestamp !== undefined) return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000
  return Date.parse(creationTimestamp ?? '') || 0
}
