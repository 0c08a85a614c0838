import type { Job, JobCondition } from '../../api/generated/batch-v1.ts'
import { formatTime } from '../../env/clock.ts'
import { restartsOf } from '../pod-phase.ts'
import { metSuccessPolicy } from './success-policy.ts'
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

/** Why the Job has to end, if it has to: the condition that is there already, or a new one. Success that is known is never taken back. */
export function verdictOf(job: Job, counts: Tally, nowMs: number): JobCondition | undefined {
  const known = conditionOf(job, 'SuccessCriteriaMet') ?? conditionOf(job, 'FailureTarget')
  return known ?? failureOf(job, counts, nowMs) ?? earlySuccess(job, counts, nowMs)
}

function failureOf(job: Job, counts: Tally, nowMs: number): JobCondition | undefined {
  const failure = (reason: string, message: string) => condition('FailureTarget', reason, message, nowMs)
  if (counts.failJob !== undefined) return failure('PodFailurePolicy', counts.failJob)
  const backoffLimit = job.spec?.backoffLimit ?? 6
  if (counts.failed > backoffLimit || isPastRestarts(job, counts, backoffLimit)) {
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  }
  if (deadlineMs(job, nowMs) <= 0) return failure('DeadlineExceeded', 'Job was active longer than specified deadline')
  const failed = counts.failedIndexes?.size ?? 0
  if (failed > (job.spec?.maxFailedIndexes ?? Infinity)) {
    return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
  }
  if (failed > 0 && failed + counts.completedIndexes.size >= (job.spec?.completions ?? 0)) {
    return failure('FailedIndexes', 'Job has failed indexes')
  }
  return undefined
}

/** Enough indexes have succeeded, by the Job's own rules. */
function earlySuccess(job: Job, counts: Tally, nowMs: number): JobCondition | undefined {
  const message = metSuccessPolicy(job.spec?.successPolicy, job.spec?.completions ?? 0, counts.completedIndexes)
  return message === undefined ? undefined : condition('SuccessCriteriaMet', 'SuccessPolicy', message, nowMs)
}

/** Milliseconds until the active deadline, from the moment that the Job started; infinite where there is none. */
export function deadlineMs(job: Job, nowMs: number): number {
  const seconds = job.spec?.activeDeadlineSeconds
  if (seconds === undefined || job.spec?.suspend === true || job.status?.startTime === undefined) return Infinity
  return Date.parse(job.status.startTime) + Number(seconds) * 1000 - nowMs
}

/** Whether all the work is done: as many successes as wanted, or, without a number, one and no pod still at work. */
export function successOf(job: Job, tally: Tally, activeAfter: number, nowMs: number): JobCondition | undefined {
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
