import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { isTerminating } from '../pod-phase.ts'

/** Pods are replaced only when they have ended where the Job says so, or has a failure policy, which needs to see how. */
export function replacesFailedOnly(job: Job): boolean {
  return job.spec?.podReplacementPolicy === 'Failed' || job.spec?.podFailurePolicy !== undefined
}

/** A pod that is being deleted counts as failed at once, unless the Job replaces pods only when they have ended. */
export function isFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === 'Failed') return true
  return !replacesFailedOnly(job) && isTerminating(pod)
}
