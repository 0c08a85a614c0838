import type { CronJob } from '../../api/generated/batch-v1.ts'
import type { Schedule } from './schedule.ts'

/** Beyond so many missed times somebody should know. */
const MANY = 100

/** Clocks differ a little: the next look is this much after the time. */
const SKEW_MS = 100

/** What was missed since the last run. */
export interface Due {
  /** The most recent time that has come, if any. */
  readonly atMs?: number
  readonly tooMany: boolean
}

/** Throws where the schedule's times do not follow one another. */
export function dueOf(cronJob: CronJob, schedule: Schedule, nowMs: number, notBeforeMs = 0): Due {
  const deadline = cronJob.spec?.startingDeadlineSeconds
  const openedMs = deadline === undefined ? 0 : nowMs - Number(deadline) * 1000
  return mostRecent(schedule, Math.max(lastOf(cronJob), openedMs, notBeforeMs), nowMs)
}

/** Milliseconds until the next time. */
export function untilNextMs(cronJob: CronJob, schedule: Schedule, nowMs: number): number | undefined {
  const lastMs = Math.max(lastOf(cronJob), mostRecent(schedule, lastOf(cronJob), nowMs).atMs ?? 0)
  const nextMs = schedule.next(lastMs)
  return nextMs === undefined ? undefined : Math.max(1, nextMs + SKEW_MS - nowMs)
}

/** The last scheduled time, or else when the CronJob was made. */
function lastOf(cronJob: CronJob): number {
  return Date.parse(cronJob.status?.lastScheduleTime ?? cronJob.metadata.creationTimestamp ?? '') || 0
}

/**
 * The last time in `(sinceMs, nowMs]`. As in Kubernetes the number of those before it is estimated from the first two, so that a
 * clock that was wrong by years costs nothing.
 */
function mostRecent(schedule: Schedule, sinceMs: number, nowMs: number): Due {
  const first = schedule.next(sinceMs)
  if (first === undefined) throw new Error('time difference between two schedules is less than 1 second')
  if (nowMs < first) return { tooMany: false }
  const second = schedule.next(first)
  if (second === undefined || nowMs < second) return { atMs: first, tooMany: false }
  const periodMs = second - first
  const missed = Math.floor((nowMs - first) / periodMs) + 1
  let at: number | undefined
  const start = first + (missed - 2) * periodMs
  for (let next = schedule.next(start); next !== undefined && next <= nowMs; next = schedule.next(next)) at = next
  return { ...(at === undefined ? {} : { atMs: at }), tooMany: missed > MANY }
}
