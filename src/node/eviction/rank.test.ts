import { expect, test } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import { binary, evictionMessage, ranked } from './rank.ts'
import type { Candidate } from './rank.ts'
import { DEFAULT_THRESHOLDS, shortagesOf } from './thresholds.ts'

const MI = 2 ** 20

function candidate(name: string, usedMi: number, requestMi: number, priority = 0): Candidate {
  const requests = requestMi === 0 ? {} : { resources: { requests: { memory: `${requestMi}Mi` } } }
  const spec = { priority, containers: [{ name: 'main', ...requests }] }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec } as Pod
  return { pod, used: usedMi * MI, containers: [{ name: 'main', used: usedMi * MI }] }
}

// Node-pressure eviction: usage above requests first, then the lower priority, then the most above requests.
test('pods that use more than they asked for go first, the lower priority before the higher, the greediest of those', () => {
  const order = ranked(
    [
      candidate('within', 90, 100),
      candidate('important', 500, 100, 10),
      candidate('greedy', 300, 100),
      candidate('modest', 110, 100),
      candidate('none asked', 250, 0),
      candidate('critical', 900, 0, 2_000_001_000),
    ],
    'memory',
  )
  const names = order.map(({ pod }) => pod.metadata.name)
  expect(names).toEqual(['none asked', 'greedy', 'modest', 'important', 'within'])
})

test('what is said of an eviction names threshold, what was left, and who used more than was asked for', () => {
  const shortage = {
    pressure: 'MemoryPressure',
    resource: 'memory',
    threshold: 100 * MI,
    available: 61_440,
    met: DEFAULT_THRESHOLDS.all[0]!,
  } as const
  expect(evictionMessage(shortage, candidate('p', 20, 10))).toBe(
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Ki. ' +
      'Container main was using 20Mi, request is 10Mi, has larger consumption of memory. ',
  )
  expect([0, 1023, 1024, 3 * 2 ** 30].map(binary)).toEqual(['0', '1023', '1Ki', '3Gi'])
})

test('a large disk that is nine tenths full is not short, one with less than a gibibyte left is', () => {
  const machine = {
    cpuMs: 0,
    memoryBytes: 0,
    memoryAvailableBytes: 2 ** 31,
    diskUsedBytes: 0,
    inodes: 100,
    inodesFree: 50,
  }
  const short = (diskBytes: number, diskAvailableBytes: number) =>
    shortagesOf({ ...machine, diskBytes, diskAvailableBytes }, DEFAULT_THRESHOLDS).map(({ resource }) => resource)
  expect(short(2 ** 40, 2 ** 36)).toEqual([])
  expect(short(2 ** 40, 2 ** 29)).toEqual(['ephemeral-storage'])
  expect(short(2 ** 30, 2 ** 28)).toEqual([])
})
