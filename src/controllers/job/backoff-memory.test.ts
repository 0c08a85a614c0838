import { expect, test } from 'vitest'
import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { createBackoffMemory } from './backoff-memory.ts'
import { backoffRemainingMs } from './backoff.ts'
import { JOB_TRACKING_FINALIZER } from './job-pod.ts'

const job: Job = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'j', uid: 'j' },
  spec: { template: {} },
} as Job

const NOW_MS = 200_000

const time = (seconds: number) => new Date(seconds * 1_000).toISOString()

function deleted(uid: string, seconds: number, finalizers: readonly string[] = [JOB_TRACKING_FINALIZER]): Pod {
  const metadata = { name: uid, uid, deletionTimestamp: time(seconds), deletionGracePeriodSeconds: 0, finalizers }
  return { apiVersion: 'v1', kind: 'Pod', metadata, status: { phase: 'Running' } } as Pod
}

const ended = (uid: string, seconds: number): Pod => ({
  ...deleted(uid, seconds),
  status: { phase: 'Succeeded' },
})

/** Kubernetes' rule: 10 s after the first failure, 20 s after the second, whatever became of the pods. */
test('pods that somebody deletes count as failures after they are gone', () => {
  const memory = createBackoffMemory()
  const waitMs = (pods: readonly Pod[], atSeconds: number) =>
    backoffRemainingMs(memory.recall('default/j', job, pods, atSeconds * 1_000).values(), atSeconds * 1_000)
  expect(waitMs([deleted('a', 100)], 100)).toBe(10_000)
  expect(waitMs([], 104)).toBe(6_000)
  expect(waitMs([deleted('b', 112)], 112)).toBe(20_000)
  expect(waitMs([], 120)).toBe(12_000)
  expect(waitMs([ended('c', 140)], 141)).toBe(0)
  expect(waitMs([], 141)).toBe(0)
})

test('pods that the Job gave up itself did not fail, and another Job of the name has its own memory', () => {
  const memory = createBackoffMemory()
  expect(memory.recall('default/j', job, [deleted('a', 100, [])], NOW_MS).size).toBe(0)
  expect(memory.recall('default/j', job, [deleted('b', 100)], NOW_MS).size).toBe(1)
  const other = { ...job, metadata: { ...job.metadata, uid: 'other' } }
  expect(memory.recall('default/j', other, [], NOW_MS).size).toBe(0)
})

test('where the clock is set back, a failure waits for its time and not for the clock', () => {
  const memory = createBackoffMemory()
  const waitMs = (atSeconds: number) =>
    backoffRemainingMs(
      memory.recall('default/j', job, [deleted('a', 5_000)], atSeconds * 1_000).values(),
      atSeconds * 1_000,
    )
  expect(waitMs(5_004)).toBe(6_000)
  expect(waitMs(1_000)).toBe(10_000)
  expect(waitMs(1_007)).toBe(3_000)
})
