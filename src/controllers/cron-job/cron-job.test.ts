import { expect, test } from 'vitest'
import type { CronJob, Job } from '../../api/generated/batch-v1.ts'
import { decideCronJob } from './core.ts'
import { parseSchedule } from './schedule.ts'

const at = (text: string) => Date.parse(text)
const timesOf = (schedule: string, timeZone: string, since: string, count: number) => {
  const { next } = parseSchedule(schedule, timeZone)
  const times: string[] = []
  for (let t = next(at(since)); t !== undefined && times.length < count; t = next(t)) {
    times.push(new Date(t).toISOString().slice(0, 16))
  }
  return times
}

test('schedules know steps, ranges, names, and that days and weekdays widen one another', () => {
  expect(timesOf('*/15 9-10 * * *', 'UTC', '2026-01-01T09:30:00Z', 3)).toEqual([
    '2026-01-01T09:45',
    '2026-01-01T10:00',
    '2026-01-01T10:15',
  ])
  expect(timesOf('0 0 13 * FRI', 'UTC', '2026-02-01T00:00:00Z', 3)).toEqual([
    '2026-02-06T00:00',
    '2026-02-13T00:00',
    '2026-02-20T00:00',
  ])
  expect(timesOf('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual(['2028-02-29T00:00'])
  expect(timesOf('0 0 31 feb *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual([])
  expect(timesOf('@monthly', 'UTC', '2026-11-30T23:59:59Z', 2)).toEqual(['2026-12-01T00:00', '2027-01-01T00:00'])
  expect(timesOf('@every 1m30s', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual(['2026-01-01T00:01', '2026-01-01T00:03'])
})

test('in a zone an hour that is skipped does not come, and one that is repeated comes twice', () => {
  // Berlin goes from 02:00 to 03:00 on 29 March 2026 and from 03:00 back to 02:00 on 25 October.
  expect(timesOf('30 2 * * *', 'Europe/Berlin', '2026-03-27T12:00:00Z', 2)).toEqual([
    '2026-03-28T01:30',
    '2026-03-30T00:30',
  ])
  expect(timesOf('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 3)).toEqual([
    '2026-10-25T00:30',
    '2026-10-25T01:30',
    '2026-10-26T01:30',
  ])
  expect(timesOf('0 0 * * *', 'Asia/Kolkata', '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-01T18:30'])
})

const cronJob = (spec: object, status: object = {}): CronJob =>
  ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'c', namespace: 'n', uid: 'u', creationTimestamp: '2026-01-01T00:00:30Z' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: {} } }, ...spec },
    status,
  }) as unknown as CronJob

const job = (name: string, condition?: string, completionTime?: string): Job =>
  ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'n', uid: `uid-${name}` },
    status: {
      startTime: '2026-01-01T00:00:00Z',
      ...(completionTime === undefined ? {} : { completionTime }),
      conditions: condition === undefined ? [] : [{ type: condition, status: 'True' }],
    },
  }) as unknown as Job

const activeOf = (...names: string[]) => ({
  active: names.map((name) => ({ name, namespace: 'n', uid: `uid-${name}` })),
})

/** What is done, a line each. */
function linesOf(cron: CronJob, jobs: readonly Job[], now: string): string[] {
  const { changes, requeueAfterMs } = decideCronJob({ cronJob: cron, jobs }, at(now))
  const lines = changes.map((change) => {
    if (change.verb === 'event') return `${change.note.reason}: ${change.note.message}`
    if (change.verb === 'create') return `create ${change.object.metadata.name}`
    return 'key' in change ? `${change.verb} ${change.key.name}` : 'status'
  })
  return requeueAfterMs === undefined ? lines : [...lines, `again in ${requeueAfterMs / 1000} s`]
}

test('nothing happens before the time; then a Job is made that is named after its minute and says its time', () => {
  expect(linesOf(cronJob({}), [], '2026-01-01T00:00:40Z')).toEqual(['again in 20.1 s'])
  const minute = at('2026-01-01T00:01:00Z') / 60_000
  expect(linesOf(cronJob({}), [], '2026-01-01T00:01:00Z')).toEqual([`create c-${minute}`, 'again in 60.1 s'])
  const { changes } = decideCronJob(
    { cronJob: cronJob({ timeZone: 'Asia/Tokyo' }), jobs: [] },
    at('2026-01-01T00:01:00Z'),
  )
  expect(changes[0]).toMatchObject({
    object: {
      metadata: {
        annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T09:01:00+09:00' },
        ownerReferences: [{ kind: 'CronJob', name: 'c', controller: true, blockOwnerDeletion: true }],
      },
    },
  })
})

test('a Job that was made for a later time than the last enters the status, and leaves it when it has ended', () => {
  const made = job('c-1')
  const annotations = { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:01:00Z' }
  const seen = { ...made, metadata: { ...made.metadata, annotations } }
  const { changes } = decideCronJob({ cronJob: cronJob({}), jobs: [seen] }, at('2026-01-01T00:01:01Z'))
  expect(changes).toMatchObject([
    { verb: 'update', subresource: 'status', object: { status: { lastScheduleTime: '2026-01-01T00:01:00Z' } } },
  ])
  const status = { ...activeOf('c-1'), lastScheduleTime: '2026-01-01T00:01:00Z' }
  const ended = job('c-1', 'Complete', '2026-01-01T00:01:30Z')
  const after = decideCronJob({ cronJob: cronJob({}, status), jobs: [ended] }, at('2026-01-01T00:01:40Z'))
  expect(after.changes).toMatchObject([
    { note: { reason: 'SawCompletedJob', message: 'Saw completed job: c-1, condition: Complete' } },
    { object: { status: { lastSuccessfulTime: '2026-01-01T00:01:30Z' } } },
  ])
})

test('Forbid waits for the Job that runs, Replace deletes it, Allow lets both run', () => {
  const status = { ...activeOf('c-old'), lastScheduleTime: '2026-01-01T00:01:00Z' }
  const run = (concurrencyPolicy: string) =>
    linesOf(cronJob({ concurrencyPolicy }, status), [job('c-old')], '2026-01-01T00:02:00Z')
  const name = `c-${at('2026-01-01T00:02:00Z') / 60_000}`
  expect(run('Forbid')[0]).toBe(
    'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid',
  )
  // The status goes first, so that the Job that was deleted is not missed.
  expect(run('Replace').slice(0, 3)).toEqual(['delete c-old', 'status', `create ${name}`])
  expect(run('Allow')[0]).toBe(`create ${name}`)
})

test('a Job that is forgotten as soon as it has ended leaves the status without a word', () => {
  const ended = { ...job('c-old'), status: { conditions: [{ type: 'Failed', status: 'True' }] } }
  const status = { ...activeOf('c-old'), lastScheduleTime: '2026-01-01T00:01:00Z' }
  const lines = linesOf(cronJob({ failedJobsHistoryLimit: 0 }, status), [ended], '2026-01-01T00:01:30Z')
  expect(lines.slice(0, 2)).toEqual(['delete c-old', 'status'])
})

test('of many missed times only the last is made up for, with a warning beyond a hundred', () => {
  const name = `c-${at('2026-01-01T03:00:00Z') / 60_000}`
  expect(linesOf(cronJob({}), [], '2026-01-01T03:00:10Z').slice(0, 2)).toEqual([
    'TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    `create ${name}`,
  ])
  expect(linesOf(cronJob({ startingDeadlineSeconds: 30 }), [], '2026-01-01T03:00:10Z')[0]).toBe(`create ${name}`)
  expect(linesOf(cronJob({ startingDeadlineSeconds: 5 }), [], '2026-01-01T03:00:10Z')).toEqual(['again in 50.1 s'])
})

test('a suspended CronJob and one with a zone that does not exist make nothing', () => {
  expect(linesOf(cronJob({ suspend: true }), [], '2026-01-01T03:00:10Z')).toEqual([])
  expect(linesOf(cronJob({ timeZone: 'Mars/Olympus' }), [], '2026-01-01T03:00:10Z')).toEqual([
    'UnknownTimeZone: invalid timeZone: "Mars/Olympus": unknown time zone Mars/Olympus',
  ])
})

test('old Jobs are forgotten beyond the limits, active ones that are gone are missed', () => {
  const cron = cronJob({ suspend: true, successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 }, activeOf('c-gone'))
  const jobs = [job('c-1', 'Complete'), job('c-2', 'Complete'), job('c-3', 'Failed'), job('c-4')]
  expect(linesOf(cron, jobs, '2026-01-01T00:02:00Z')).toEqual([
    'delete c-1',
    'delete c-3',
    'MissingJob: Active job went missing: c-gone',
    'UnexpectedJob: Saw a job that the controller did not create or forgot: c-4',
    'status',
  ])
})

test('a month of a CronJob makes one Job for each of its times, and keeps as many as it should', () => {
  let cron = cronJob({ schedule: '*/5 * * * *', successfulJobsHistoryLimit: 3 })
  let jobs: Job[] = []
  const made: string[] = []
  let nowMs = at('2026-01-01T00:00:40Z')
  for (const endMs = nowMs + 30 * 86_400_000; nowMs < endMs;) {
    const { changes, requeueAfterMs } = decideCronJob({ cronJob: cron, jobs }, nowMs)
    for (const change of changes) {
      if (change.verb === 'update') cron = change.object as CronJob
      if (change.verb === 'delete') jobs = jobs.filter(({ metadata }) => metadata.name !== change.key.name)
      if (change.verb !== 'create') continue
      made.push(change.object.metadata.annotations!['batch.kubernetes.io/cronjob-scheduled-timestamp']!)
      const uid = `uid-${change.object.metadata.name}`
      const time = new Date(nowMs + 20_000).toISOString().replace('.000', '')
      const status = { startTime: time, completionTime: time, conditions: [{ type: 'Complete', status: 'True' }] }
      jobs.push({ ...change.object, metadata: { ...change.object.metadata, uid }, status } as Job)
    }
    if (changes.length === 0) nowMs += Math.max(1, requeueAfterMs ?? 0)
  }
  expect(made).toHaveLength((30 * 24 * 60) / 5)
  expect(new Set(made).size).toBe(made.length)
  expect(jobs).toHaveLength(3)
  expect(cron.status?.active).toBeUndefined()
})
