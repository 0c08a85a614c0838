import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import { systemEnvironment } from '../env/system.ts'
import { createSchedulingQueue } from './queue.ts'

const pod = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [] },
})

// KEP-5142: SchedulerPopFromBackoffQ, on by default since Kubernetes 1.33.
test('a pod that backs off is tried sooner when nothing is active and something changed that may help', () => {
  let calls = 0
  const queue = createSchedulingQueue(systemEnvironment(), () => calls++)
  queue.put(pod('early'))
  queue.unschedulable(queue.pop()!)
  expect(queue.pop()).toBeUndefined()
  calls = 0
  queue.wake('node-added')
  expect(calls).toBe(1)
  queue.put(pod('late'))
  expect([queue.pop()?.key, queue.pop()?.key]).toEqual(['default/late', 'default/early'])
  queue.close()
})

test('a pod that an error holds back waits for its pause whatever happens', () => {
  const queue = createSchedulingQueue(systemEnvironment(), () => {})
  queue.put(pod('failed'))
  queue.retry(queue.pop()!)
  queue.wake('node-added')
  expect(queue.pop()).toBeUndefined()
  expect(queue.sizes()).toEqual({ active: 0, backingOff: 1, unschedulable: 0 })
  queue.close()
})
