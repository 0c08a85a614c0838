import { expect, test } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import { judgeFailure } from './pod-failure-policy.ts'
import { tellStory } from './story.ts'
import { metSuccessPolicy } from './success-policy.ts'

const failedWith = (exitCode: number, conditions: object[] = []): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'a' },
    status: { conditions, containerStatuses: [{ name: 'main', state: { terminated: { exitCode } } }] },
  }) as unknown as Pod

test('the first rule of a failure policy that matches judges, in the words of Kubernetes', () => {
  const rules = [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [3, 42] } },
    { action: 'Count', onExitCodes: { operator: 'NotIn', values: [7] } },
    { action: 'FailJob', onPodConditions: [{ type: 'ConfigIssue', status: 'True' }] },
  ]
  const judge = (pod: Pod) => judgeFailure({ rules }, pod)
  expect(judge(failedWith(42, [{ type: 'DisruptionTarget', status: 'True' }]))).toEqual({
    counts: false,
    action: 'Ignore',
  })
  expect(judge(failedWith(42)).failJob).toBe(
    'Container main for pod a/p failed with exit code 42 matching FailJob rule at index 1',
  )
  expect(judge(failedWith(1))).toEqual({ counts: true, action: 'Count' })
  expect(judge(failedWith(7))).toEqual({ counts: true })
  expect(judge(failedWith(7, [{ type: 'ConfigIssue', status: 'True' }])).failJob).toBe(
    'Pod a/p has condition ConfigIssue matching FailJob rule at index 3',
  )
})

test('exit code 0 matches no rule, not even NotIn', () => {
  const rules = [{ action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [1] } }]
  expect(judgeFailure({ rules }, failedWith(0))).toEqual({ counts: true })
})

test('a success policy is met by all indexes of a rule, or by as many of them as it asks for', () => {
  const met = (rules: object[], ...indexes: number[]) => metSuccessPolicy({ rules } as never, 10, new Set(indexes))
  expect(met([{ succeededIndexes: '0,2-3' }], 0, 2)).toBeUndefined()
  expect(met([{ succeededIndexes: '0,2-3' }], 0, 2, 3)).toBe('Matched rules at index 0')
  expect(met([{ succeededIndexes: '9' }, { succeededIndexes: '0-4', succeededCount: 2 }], 1, 3)).toBe(
    'Matched rules at index 1',
  )
  expect(met([{ succeededCount: 3 }], 1, 3)).toBeUndefined()
  expect(met([{ succeededCount: 2 }], 1, 3)).toBe('Matched rules at index 0')
})

test('a Job ends in success by its policy: what still runs is deleted and does not count', () => {
  const successPolicy = { rules: [{ succeededIndexes: '0' }] }
  const story = tellStory({ completions: 3, parallelism: 3, completionMode: 'Indexed', successPolicy })
  story.settle()
  story.end('work-0-x0', 'Succeeded')
  const lines = story.settle()
  expect(lines.filter((line) => line.startsWith('delete'))).toHaveLength(2)
  expect(lines.at(-1)).toBe('event Completed: Job completed')
  expect(story.job.status).toMatchObject({ succeeded: 1, completedIndexes: '0' })
  expect(story.job.status!.failed).toBeUndefined()
  expect(story.job.status!.conditions).toMatchObject([
    { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: 'Matched rules at index 0' },
    { type: 'Complete', reason: 'SuccessPolicy', message: 'Matched rules at index 0' },
  ])
})

test('a failure that is ignored is replaced without counting', () => {
  const rules = [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [0, 9] } }]
  const story = tellStory({ completions: 1, backoffLimit: 0, podFailurePolicy: { rules } as never })
  story.settle()
  story.end('work-x0', 'Failed', 9)
  expect(story.settle()).toEqual(['status ready=0 terminating=0', 'release work-x0', 'look again in 10 s'])
  story.wait(10)
  expect(story.settle()).toContain('create work-x1')
})

test('FailJob ends the Job with the reason PodFailurePolicy, and what still runs counts as failed', () => {
  const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }]
  const story = tellStory({ completions: 2, parallelism: 2, podFailurePolicy: { rules } as never })
  story.settle()
  story.end('work-x0', 'Failed', 42)
  story.settle()
  const message = 'Container main for pod default/work-x0 failed with exit code 42 matching FailJob rule at index 0'
  expect(story.job.status).toMatchObject({ failed: 2 })
  expect(story.job.status!.conditions).toMatchObject([
    { type: 'FailureTarget', reason: 'PodFailurePolicy', message },
    { type: 'Failed', reason: 'PodFailurePolicy', message },
  ])
})

test('with a limit per index each index fails for itself, and the Job at the end with FailedIndexes', () => {
  const story = tellStory({
    completions: 2,
    parallelism: 2,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 1,
    backoffLimit: 2 ** 31 - 1,
  })
  story.settle()
  const failures = (name: string) =>
    story.pods.find((pod) => pod.metadata.name === name)?.metadata.annotations?.[
      'batch.kubernetes.io/job-index-failure-count'
    ]
  expect(failures('work-0-x0')).toBe('0')
  story.end('work-0-x0', 'Failed', 1)
  expect(story.settle().at(-1)).toBe('look again in 10 s')
  story.wait(10)
  expect(story.settle()).toContain('create work-0-x2')
  expect(failures('work-0-x2')).toBe('1')
  story.end('work-0-x2', 'Failed', 1)
  story.settle()
  expect(story.job.status).toMatchObject({ failedIndexes: '0', failed: 2, active: 1 })
  story.end('work-1-x1', 'Succeeded')
  story.settle()
  expect(story.job.status).toMatchObject({ failedIndexes: '0', completedIndexes: '1', succeeded: 1, failed: 2 })
  expect(story.job.status!.conditions).toMatchObject([
    { type: 'FailureTarget', reason: 'FailedIndexes', message: 'Job has failed indexes' },
    { type: 'Failed', reason: 'FailedIndexes', message: 'Job has failed indexes' },
  ])
})

test('FailIndex ends an index at once, and more failed indexes than allowed end the Job', () => {
  const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [5] } }]
  const story = tellStory({
    completions: 3,
    parallelism: 3,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 4,
    maxFailedIndexes: 0,
    backoffLimit: 2 ** 31 - 1,
    podFailurePolicy: { rules } as never,
  })
  story.settle()
  story.end('work-1-x1', 'Failed', 5)
  story.settle()
  expect(story.job.status!.conditions).toMatchObject([
    { type: 'FailureTarget', reason: 'MaxFailedIndexesExceeded' },
    { type: 'Failed', message: 'Job has exceeded the specified maximal number of failed indexes' },
  ])
  expect(story.job.status).toMatchObject({ failedIndexes: '1', failed: 3 })
})

test('a Job of another controller is left alone', () => {
  const story = tellStory({ completions: 1, managedBy: 'example.com/other' })
  expect(story.settle()).toEqual([])
})

test('an Indexed Job that grows gets pods for its new indexes, and loses those beyond its end when it shrinks', () => {
  const story = tellStory({ completions: 2, parallelism: 2, completionMode: 'Indexed' })
  story.settle()
  const resize = (size: number) =>
    story.edit((job) => ({ ...job, spec: { ...job.spec!, completions: size, parallelism: size } }))
  resize(3)
  expect(story.settle()).toContain('create work-2-x2')
  resize(1)
  expect(story.settle().filter((line) => line.startsWith('delete'))).toEqual([
    'delete default/work-1-x1',
    'delete default/work-2-x2',
  ])
})
