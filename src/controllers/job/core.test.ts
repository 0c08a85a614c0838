import { expect, test } from 'vitest'
import { formatIndexes, parseIndexes } from './completion-indexes.ts'
import { decideJob } from './core.ts'
import { tellStory } from './story.ts'

test('completed indexes are written as Kubernetes does: three or more in a row as a range', () => {
  expect(formatIndexes(new Set([0, 1, 2]))).toBe('0-2')
  expect(formatIndexes(new Set([7, 1, 3, 4, 5]))).toBe('1,3-5,7')
  expect(formatIndexes(new Set([2, 3]))).toBe('2,3')
  expect([...parseIndexes('1,3-5,7', 6)]).toEqual([1, 3, 4, 5])
})

test('an Indexed Job of three with two at a time completes as a real cluster recorded it', () => {
  const story = tellStory({ completions: 3, parallelism: 2, completionMode: 'Indexed' })
  expect(story.settle()).toEqual([
    'create work-0-x0',
    'event SuccessfulCreate: Created pod: work-0-x0',
    'create work-1-x1',
    'event SuccessfulCreate: Created pod: work-1-x1',
    'status active=2 ready=0 terminating=0',
  ])
  expect(story.pods[1]!.spec).toMatchObject({
    hostname: 'work-1',
    containers: [{ env: [{ name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1' } } }] }],
  })
  story.end('work-1-x1', 'Succeeded')
  expect(story.settle()).toEqual([
    'create work-2-x2',
    'event SuccessfulCreate: Created pod: work-2-x2',
    'status active=2 completedIndexes=1 ready=0 succeeded=1 terminating=0',
    'release work-1-x1',
  ])
  story.end('work-0-x0', 'Succeeded')
  story.end('work-2-x2', 'Succeeded')
  expect(story.settle()).toEqual([
    'status completedIndexes=0-2 ready=0 succeeded=3 terminating=0 SuccessCriteriaMet',
    'release work-0-x0',
    'release work-2-x2',
    'status completedIndexes=0-2 ready=0 succeeded=3 terminating=0 SuccessCriteriaMet Complete completionTime',
    'event Completed: Job completed',
  ])
  expect(story.job.status!.conditions).toMatchObject([
    { type: 'SuccessCriteriaMet', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' },
    { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' },
  ])
})

test('a Job whose pod fails twice waits 10 s in between and fails at a backoff limit of one', () => {
  const story = tellStory({ completions: 1, backoffLimit: 1 })
  story.settle()
  story.end('work-x0', 'Failed')
  expect(story.settle()).toEqual([
    'status ready=0 terminating=0 uncounted failed=1',
    'release work-x0',
    'status failed=1 ready=0 terminating=0',
    'look again in 10 s',
  ])
  story.wait(10)
  expect(story.settle()).toEqual([
    'create work-x1',
    'event SuccessfulCreate: Created pod: work-x1',
    'status active=1 failed=1 ready=0 terminating=0',
  ])
  story.end('work-x1', 'Failed')
  expect(story.settle()).toEqual([
    'status failed=1 ready=0 terminating=0 uncounted failed=1 FailureTarget',
    'release work-x1',
    'status failed=2 ready=0 terminating=0 FailureTarget Failed',
    'event BackoffLimitExceeded: Job has reached the specified backoff limit',
  ])
})

test('a Job past its active deadline deletes what runs and counts it as failed', () => {
  const story = tellStory({ completions: 2, parallelism: 2, activeDeadlineSeconds: 30 })
  expect(story.settle().at(-1)).toBe('look again in 30 s')
  story.wait(30)
  expect(story.settle()).toEqual([
    'delete default/work-x0',
    'event SuccessfulDelete: Deleted pod: work-x0',
    'delete default/work-x1',
    'event SuccessfulDelete: Deleted pod: work-x1',
    'status ready=0 terminating=2 uncounted failed=2 FailureTarget',
    'release work-x0',
    'release work-x1',
    'status failed=2 ready=0 terminating=0 FailureTarget Failed',
    'event DeadlineExceeded: Job was active longer than specified deadline',
  ])
})

test('a Job without completions is done with its first success, once the others have ended', () => {
  const story = tellStory({ parallelism: 2 })
  story.settle()
  story.end('work-x0', 'Succeeded')
  expect(story.settle().at(-1)).toBe('status active=1 ready=0 succeeded=1 terminating=0')
  story.end('work-x1', 'Succeeded')
  expect(story.settle().at(-1)).toBe('event Completed: Job completed')
  expect(story.job.status!.succeeded).toBe(2)
})

test('a suspended Job has no pods, and starts anew when it is resumed', () => {
  const story = tellStory({ completions: 1, suspend: true })
  expect(story.settle()).toEqual(['status ready=0 terminating=0 Suspended', 'event Suspended: Job suspended'])
  story.edit((job) => ({ ...job, spec: { ...job.spec!, suspend: false } }))
  expect(story.settle()).toEqual([
    'create work-x0',
    'event SuccessfulCreate: Created pod: work-x0',
    'status active=1 ready=0 terminating=0',
    'event Resumed: Job resumed',
  ])
  expect(story.job.status!.startTime).toBe('2026-01-01T00:00:00Z')
})

// The API takes another start only together with the end of the suspension (ValidateJobUpdateStatus).
test('a Job whose end is clear when it is resumed keeps its suspension, and its start', () => {
  const story = tellStory({ completions: 2, parallelism: 2, completionMode: 'Indexed' })
  story.settle()
  const { startTime } = story.job.status!
  story.end('work-0-x0', 'Succeeded')
  story.settle()
  story.edit((job) => ({ ...job, spec: { ...job.spec!, suspend: true } }))
  story.settle()
  story.wait(5)
  story.edit((job) => ({ ...job, spec: { ...job.spec!, suspend: false, completions: 1, parallelism: 1 } }))
  story.settle()
  const { conditions, ...status } = story.job.status!
  expect(conditions?.map(({ type, status: is }) => `${type} ${is}`)).toEqual([
    'Suspended True',
    'SuccessCriteriaMet True',
    'Complete True',
  ])
  expect(status.startTime).toBe(startTime)
})

test('pods given up for a suspension are let go first, so that they do not count as failed', () => {
  const story = tellStory({ completions: 1, backoffLimit: 0 })
  story.settle()
  story.edit((job) => ({ ...job, spec: { ...job.spec!, suspend: true } }))
  expect(story.settle().slice(0, 2)).toEqual(['release work-x0', 'delete default/work-x0'])
  expect(story.job.status!.failed).toBeUndefined()
})

test('with podReplacementPolicy Failed the index of a pod that is still ending is not given to another', () => {
  const spec = { completions: 3, parallelism: 2, completionMode: 'Indexed', podReplacementPolicy: 'Failed' } as const
  const story = tellStory(spec)
  story.settle()
  story.end('work-1-x1', 'Succeeded')
  const [ending, ...others] = story.pods
  const metadata = { ...ending!.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' }
  const { changes } = decideJob({ job: story.job, pods: [{ ...ending!, metadata }, ...others] }, Date.UTC(2026, 0, 1))
  const created = changes.flatMap((change) => (change.verb === 'together' ? change.changes : [change]))
  const names = created.flatMap((change) => (change.verb === 'create' ? [change.object.metadata.generateName] : []))
  expect(names).toEqual(['work-2-'])
})

test('a smaller parallelism deletes pods, a finished Job releases what is left', () => {
  const story = tellStory({ completions: 4, parallelism: 3 })
  story.settle()
  story.edit((job) => ({ ...job, spec: { ...job.spec!, parallelism: 1 } }))
  expect(story.settle().filter((line) => line.startsWith('delete'))).toHaveLength(2)
})
