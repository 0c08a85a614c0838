import { expect, test } from 'vitest'
import type { Job } from '../generated/batch-v1.ts'
import { validateJobStatusUpdate } from './job-status.ts'

const START = '2026-01-01T00:00:00Z'
const END = '2026-01-01T00:00:01Z'
const jobOf = (status: object, spec: object = {}) =>
  ({
    metadata: { name: 'a' },
    spec: { completions: 3, parallelism: 2, template: {}, ...spec },
    status,
  }) as unknown as Job
const is = (...types: readonly string[]) => types.map((type) => ({ type, status: 'True' }))
const toldOf = (now: object, was: object, spec?: object) =>
  validateJobStatusUpdate(jobOf(now, spec), jobOf(was, spec)).map(({ field, message }) => `${field}: ${message}`)

const RUNNING = { failed: 2, succeeded: 2, active: 1, startTime: START }
const COMPLETE = {
  failed: 2,
  succeeded: 3,
  startTime: START,
  conditions: is('SuccessCriteriaMet', 'Complete'),
  completionTime: END,
}

// ValidateJobUpdateStatus; the texts are those that kube-apiserver 1.34.4 answered.
test.each([
  [{ ...RUNNING, failed: 1 }, 'status.failed: Invalid value: 1: cannot decrease the failed counter'],
  [{ ...RUNNING, succeeded: 0 }, 'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter'],
  [{ ...RUNNING, startTime: END }, 'status.startTime: Required value: startTime cannot be removed for unsuspended job'],
  [{ ...RUNNING, ready: 2 }, 'status.ready: Invalid value: 2: cannot set more ready pods than active'],
  [
    { ...RUNNING, completionTime: END },
    `status.completionTime: Invalid value: "${END}": cannot set completionTime when there is no Complete=True condition`,
  ],
  [
    { ...RUNNING, completedIndexes: '0' },
    'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
  ],
  [
    { ...RUNNING, failedIndexes: '0' },
    'status.failedIndexes: Invalid value: "0": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
  ],
])('of a Job that runs, %o is refused', (now, told) => expect(toldOf(now, RUNNING)).toEqual([told]))

test('a Job ends once all is known of its end', () => {
  const pods = { succeeded: ['a'], failed: ['b'] }
  const now = { ...RUNNING, conditions: is('Complete'), terminating: 2, uncountedTerminatedPods: pods }
  expect(toldOf(now, RUNNING)).toEqual([
    'status.completionTime: Required value: completionTime is required for Complete jobs',
    'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    'status.active: Invalid value: 1: active>0 is invalid for finished job',
    'status.uncountedTerminatedPods: Invalid value: {"Succeeded":["a"],"Failed":["b"]}: must be empty for finished job',
    'status.terminating: Invalid value: 2: terminating>0 is invalid for finished job',
  ])
  expect(toldOf(COMPLETE, RUNNING)).toEqual([])
})

test('a Job that has ended does not go on, and is not told to have ended otherwise', () => {
  expect(toldOf(RUNNING, COMPLETE)).toEqual([
    'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
    'status.succeeded: Invalid value: 2: cannot decrease the succeeded counter',
    'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
  ])
  const failed = { failed: 1, startTime: START, conditions: is('Failed') }
  expect(toldOf(failed, { failed: 1, startTime: START })).toEqual([
    'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
  ])
})

test.each([
  ['2,0', 'non-increasing order, previous: 2, current: 0'],
  ['3', 'too large index: "3"'],
  ['x', 'cannot convert string to integer for index: "x"'],
  [
    '1-2-3',
    `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
  ],
  ['1,', 'cannot convert string to integer for index: ""'],
])('%s are no indexes of three', (indexes, problem) => {
  const told = toldOf({ ...RUNNING, completedIndexes: indexes }, RUNNING, { completionMode: 'Indexed' })
  expect(told).toEqual([
    `status.completedIndexes: Invalid value: "${indexes}": error parsing completedIndexes: ${problem}`,
  ])
})

test('an index does not both succeed and fail', () => {
  const spec = { completionMode: 'Indexed', backoffLimitPerIndex: 1 }
  const now = { ...RUNNING, completedIndexes: '1-2', failedIndexes: '0,2' }
  const told = 'status.failedIndexes: Invalid value: "0,2": failedIndexes and completedIndexes overlap at index: 2'
  expect(toldOf(now, RUNNING, spec)).toEqual([told])
})
