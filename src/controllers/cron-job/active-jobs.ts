import type { CronJob, CronJobStatus, Job } from '../../api/generated/batch-v1.ts'
import { formatTime } from '../../env/clock.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'
import { conditionOf, isFinished } from '../job/conditions.ts'

/** Jobs carry the time that they were made for. */
export const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

/** The status after a look at the Jobs, and what is to be said about them. */
export interface Followed {
  readonly status: CronJobStatus
  readonly events: readonly Change[]
}

/**
 * Follows the Jobs of a CronJob: those that were made for a time after the last one known are taken into the status, those that
 * ended or went leave it, and so do `forgotten` ones, without a word.
 */
export function followJobs(cronJob: CronJob, jobs: readonly Job[], forgotten: readonly Job[] = []): Followed {
  const { active: listed = [], ...rest } = cronJob.status ?? {}
  const known = listed.filter(({ uid }) => !forgotten.some(({ metadata }) => metadata.uid === uid))
  const events: Change[] = []
  const say = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    events.push(event(cronJob, type, reason, message))
  let { lastScheduleTime, lastSuccessfulTime } = rest
  const lastMs = Date.parse(lastScheduleTime ?? '') || 0
  const isKnown = (job: Job) => known.some(({ uid }) => uid === job.metadata.uid)
  const started = jobs.filter((job) => !isKnown(job) && !forgotten.includes(job) && scheduledAt(job) > lastMs)
  for (const job of started) {
    if (scheduledAt(job) > (Date.parse(lastScheduleTime ?? '') || 0)) lastScheduleTime = formatTime(scheduledAt(job))
  }
  const active = [...known, ...started.map(referenceTo)].filter(({ uid, name }) => {
    const job = jobs.find(({ metadata }) => metadata.uid === uid)
    if (job === undefined) say('Normal', 'MissingJob', `Active job went missing: ${name}`)
    if (job === undefined || !isFinished(job)) return job !== undefined
    const outcome = conditionOf(job, 'Complete') === undefined ? 'Failed' : 'Complete'
    say('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${outcome}`)
    return false
  })
  for (const job of jobs) {
    if (!isFinished(job) && !active.some(({ uid }) => uid === job.metadata.uid)) {
      say('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${job.metadata.name}`)
    }
    const { completionTime } = job.status ?? {}
    if (conditionOf(job, 'Complete') === undefined || completionTime === undefined) continue
    if (Date.parse(completionTime) > (Date.parse(lastSuccessfulTime ?? '') || 0)) lastSuccessfulTime = completionTime
  }
  const status = {
    ...(active.length === 0 ? {} : { active }),
    ...(lastScheduleTime === undefined ? {} : { lastScheduleTime }),
    ...(lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime }),
  }
  return { status, events }
}

function scheduledAt(job: Job): number {
  return Date.parse(job.metadata.annotations?.[SCHEDULED_AT] ?? '') || 0
}

function referenceTo({ metadata }: Job) {
  const { namespace, name, uid, resourceVersion } = metadata
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    namespace: namespace!,
    name: name!,
    uid: uid!,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
}
