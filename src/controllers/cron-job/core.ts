import type { CronJob, CronJobStatus, Job } from '../../api/generated/batch-v1.ts'
import { cronJobs, jobs as jobsType } from '../../api/generated/resources.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { controllerReference } from '../controller-reference.ts'
import { canonical } from '../safe-hash.ts'
import { followJobs, SCHEDULED_AT } from './active-jobs.ts'
import { dueOf, untilNextMs } from './due.ts'
import type { Due as DueTime } from './due.ts'
import { deleteJob, oldJobs } from './history.ts'
import { parseSchedule } from './schedule.ts'
import type { Schedule } from './schedule.ts'
import { formatInZone, offsetMs } from './time-zone.ts'

/** A CronJob and the Jobs that name it as their controller. */
export interface CronJobView {
  readonly cronJob: CronJob | undefined
  readonly jobs: readonly Job[]
  /** When its schedule was last changed: no earlier time counts as missed. */
  readonly rescheduledMs?: number
}

/**
 * Follows the Jobs there are, deletes old ones, and makes one for the time that has come. The new Job enters the status
 * when it is seen: its name is made of its time, so that no time has two.
 */
export function decideCronJob(view: CronJobView, nowMs: number): Decision {
  const { cronJob, jobs } = view
  if (cronJob === undefined) return SETTLED
  // What is forgotten first is not said to have been seen, as in Kubernetes.
  const old = oldJobs(cronJob, jobs)
  const { status, events } = followJobs(cronJob, jobs, old)
  const deletions = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const before = [...deletions.map((job) => deleteJob(cronJob, job)), ...events]
  if (cronJob.metadata.deletionTimestamp !== undefined) return { changes: [...before, ...writeStatus(cronJob, status)] }
  const { replaced = [], ...step } = runWhatIsDue({ ...cronJob, status }, view, nowMs)
  const removals = replaced.map((job) => deleteJob(cronJob, job))
  const written = writeStatus(cronJob, without(status, replaced))
  return { ...step, changes: [...before, ...removals, ...written, ...step.changes] }
}

/** A Job that was deleted is not missed. */
function without(status: CronJobStatus, gone: readonly Job[]): CronJobStatus {
  const { active = [], ...rest } = status
  const left = active.filter(({ uid }) => !gone.some(({ metadata }) => metadata.uid === uid))
  return left.length === 0 ? rest : { ...rest, active: left }
}

interface Due extends Decision {
  /** Jobs that the one to be started takes the place of. */
  readonly replaced?: readonly Job[]
}

function runWhatIsDue(cronJob: CronJob, view: CronJobView, nowMs: number): Due {
  const warn = (reason: string, message: string) => ({ changes: [event(cronJob, 'Warning', reason, message)] })
  const { schedule: text, timeZone = 'UTC', suspend } = cronJob.spec!
  const problem = zoneProblem(timeZone)
  if (problem !== undefined) return warn('UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: ${problem}`)
  if (suspend === true) return SETTLED
  let schedule: Schedule
  let due: DueTime
  try {
    schedule = parseSchedule(text, timeZone)
  } catch (error) {
    const why = (error as Error).message
    return warn('UnparseableSchedule', `unparseable schedule: ${JSON.stringify(text)} : ${why}`)
  }
  try {
    due = dueOf(cronJob, schedule, nowMs, view.rescheduledMs)
  } catch (error) {
    return warn('InvalidSchedule', `invalid schedule: ${text} : ${(error as Error).message}`)
  }
  const step = due.atMs === undefined ? SETTLED_STEP : start(cronJob, view.jobs, due, nowMs)
  const { after = cronJob, ...decision } = step
  const waitMs = untilNextMs(after, schedule, nowMs)
  return waitMs === undefined ? decision : { ...decision, requeueAfterMs: waitMs }
}

interface Step {
  readonly changes: readonly Change[]
  readonly replaced?: readonly Job[]
  /** The CronJob as it will be, for the next time. */
  readonly after?: CronJob
}

const SETTLED_STEP: Step = { changes: [] }

function start(cronJob: CronJob, jobs: readonly Job[], due: DueTime, nowMs: number): Step {
  const atMs = due.atMs!
  const { startingDeadlineSeconds = Infinity, concurrencyPolicy } = cronJob.spec!
  const { active = [], lastScheduleTime } = cronJob.status ?? {}
  const warnings = due.tooMany ? [event(cronJob, 'Warning', 'TooManyMissedTimes', TOO_MANY)] : []
  if (atMs + Number(startingDeadlineSeconds) * 1000 < nowMs) {
    const message = `Missed scheduled time to start a job: ${formatRfc1123(atMs)}`
    return { changes: [...warnings, event(cronJob, 'Warning', 'MissSchedule', message)] }
  }
  const name = `${cronJob.metadata.name}-${Math.floor(atMs / 60_000)}`
  const isDone = active.some((job) => job.name === name) || Date.parse(lastScheduleTime ?? '') === atMs
  if (isDone) return { changes: warnings }
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    return { changes: [...warnings, event(cronJob, 'Normal', 'JobAlreadyActive', ALREADY_ACTIVE)] }
  }
  const replaced = concurrencyPolicy !== 'Replace' ? [] : jobs.filter((job) => isIn(active, job))
  return { changes: [...warnings, createJob(cronJob, name, atMs)], replaced }
}

const TOO_MANY = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
const ALREADY_ACTIVE = 'Not starting job because prior execution is running and concurrency policy is Forbid'

function isIn(active: NonNullable<CronJobStatus['active']>, job: Job): boolean {
  return active.some(({ uid }) => uid === job.metadata.uid)
}

function createJob(cronJob: CronJob, name: string, atMs: number): Change {
  const { metadata, spec } = cronJob.spec!.jobTemplate
  const scheduledAt = formatInZone(cronJob.spec!.timeZone ?? 'UTC', atMs)
  const object: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: cronJob.metadata.namespace!,
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, [SCHEDULED_AT]: scheduledAt },
      ownerReferences: [controllerReference(cronJob)],
    },
    ...(spec === undefined ? {} : { spec }),
  }
  return {
    verb: 'create',
    type: jobsType,
    object,
    done: () => ({ about: cronJob, type: 'Normal', reason: 'SuccessfulCreate', message: `Created job ${name}` }),
    failed: ({ message }) => {
      return { about: cronJob, type: 'Warning', reason: 'FailedCreate', message: `Error creating job: ${message}` }
    },
  }
}

function writeStatus(cronJob: CronJob, status: CronJobStatus): Change[] {
  if (canonical(cronJob.status ?? {}) === canonical(status)) return []
  return [{ verb: 'update', type: cronJobs, object: { ...cronJob, status } as CronJob, subresource: 'status' }]
}

function zoneProblem(timeZone: string): string | undefined {
  try {
    offsetMs(timeZone, 0)
    return undefined
  } catch {
    return `unknown time zone ${timeZone}`
  }
}

/** `Mon, 02 Jan 2006 15:04:05 +0000` */
function formatRfc1123(atMs: number): string {
  return new Date(atMs).toUTCString().replace('GMT', '+0000')
}
