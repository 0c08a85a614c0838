import type { Job, JobCondition } from '../../api/generated/batch-v1.ts'
import { formatTime } from '../../env/clock.ts'
import { restartsOf } from '../pod-phase.ts'
import type { Tally } from './tally.ts'

export function conditionOf(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True')
}

export function isFinished(job: Job): boolean {
  return conditionOf(job, 'Complete') !== undefined || conditionOf(job, 'Failed') !== undefined
}

export function condition(type: string, reason: string, message: string, nowMs: number, status = 'True'): JobCondition {
  const time = formatTime(nowMs)
  return { type, status, lastProbeTime: time, lastTransitionTime: time, reason, message }
}

/** The condition under which a Job ends, once its pods are gone and counted, has the same reason and message. */
export function finalCondition(interim: JobCondition, nowMs: number): JobCondition {
  const type = interim.type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed'
  return condition(type, interim.reason ?? '', interim.message ?? '', nowMs)
}

/** Why the Job has to end in failure, if it has to: the condition that is there already, or a new one. */
export function failureOf(job: Job, tally: Tally, nowMs: number): JobCondition | undefined {
  const known = conditionOf(job, 'FailureTarget')
  if (known !== undefined) return known
  const backoffLimit = job.spec?.backoffLimit ?? 6
  if (tally.failed > backoffLimit || isPastRestarts(job, tally, backoffLimit)) {
    return condition('FailureTarget', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit', nowMs)
  }
  if (deadlineMs(job, nowMs) <= 0) {
    return condition('FailureTarget', 'DeadlineExceeded', 'Job was active longer than specified deadline', nowMs)
  }
  return undefined
}

/** Milliseconds until the active deadline, from the moment that the Job started; infinite where there is none. */
export function deadlineMs(job: Job, nowMs: number): number {
  const seconds = job.spec?.activeDeadlineSeconds
  if (seconds === undefined || job.spec?.suspend === true || job.status?.startTime === undefined) return Infinity
  return Date.parse(job.status.startTime) + seconds * 1000 - nowMs
}

/** Whether all the work is done: as many successes as wanted, or, without a number, one and no pod still at work. */
export function successOf(job: Job, tally: Tally, activeAfter: number, nowMs: number): JobCondition | undefined {
  const known = conditionOf(job, 'SuccessCriteriaMet')
  if (known !== undefined) return known
  const completions = job.spec?.completions
  const reached = completions === undefined ? tally.succeeded > 0 : tally.succeeded >= completions
  if (!reached || activeAfter > 0) return undefined
  return condition('SuccessCriteriaMet', 'CompletionsReached', 'Reached expected number of succeeded pods', nowMs)
}

/** With restartPolicy OnFailure the restarts of containers count against the limit. */
function isPastRestarts(job: Job, tally: Tally, backoffLimit: number): boolean {
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false
  const restarts = tally.active.reduce((sum, pod) => sum + restartsOf(pod), 0)
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit
}
