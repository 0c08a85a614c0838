import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { isFailed } from './tally.ts'

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
  if (failures === 0) return 0
  const waitMs = Math.min(POD_FAILURE_BACKOFF.lastMs, POD_FAILURE_BACKOFF.firstMs * 2 ** (failures - 1))
  return lastFailureMs + waitMs - nowMs
}

/** When the pod ended, as well as it can be known. */
function endOf(pod: Pod): number {
  const times = (pod.status?.containerStatuses ?? []).map((status) => status.state?.terminated?.finishedAt)
  const known = times.filter((time) => time !== undefined).map((time) => Date.parse(time))
  if (known.length > 0) return Math.max(...known)
  const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.lastTransitionTime
  return Date.parse(pod.metadata.deletionTimestamp ?? ready ?? pod.metadata.creationTimestamp ?? '') || 0
}
