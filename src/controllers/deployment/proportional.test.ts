import { expect, test } from 'vitest'
import type { Deployment, ReplicaSet } from '../../api/generated/apps-v1.ts'
import { isResized, resizeTargets } from './proportional.ts'

const deployment = (
  replicas: number,
  strategy: object = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
) => ({ metadata: { name: 'd' }, spec: { replicas, strategy } }) as unknown as Deployment

const set = (name: string, replicas: number, desired: number, max: number, available = replicas): ReplicaSet =>
  ({
    metadata: {
      name,
      creationTimestamp: name,
      annotations: {
        'deployment.kubernetes.io/desired-replicas': String(desired),
        'deployment.kubernetes.io/max-replicas': String(max),
      },
    },
    spec: { replicas },
    status: { availableReplicas: available },
  }) as unknown as ReplicaSet

const sizes = (wanted: Deployment, newSet: ReplicaSet, ...old: ReplicaSet[]) =>
  Object.fromEntries(
    resizeTargets(wanted, newSet, old).map(({ replicaSet, replicas }) => [replicaSet.metadata.name, replicas]),
  )

test('in the middle of a rollout each set gets its share: the example of the documentation', () => {
  // 10 replicas with maxSurge 3: 8 old and 5 new, then 15 wanted: 3 more for the old, 2 for the new.
  expect(sizes(deployment(15), set('2', 5, 10, 13, 0), set('1', 8, 10, 13))).toEqual({ 1: 11, 2: 7 })
})

test('a share that is taken away is taken likewise, and none is left for zero', () => {
  expect(sizes(deployment(5), set('2', 5, 10, 13, 0), set('1', 8, 10, 13))).toEqual({ 1: 5, 2: 3 })
  expect(sizes(deployment(0), set('2', 5, 10, 13, 0), set('1', 8, 10, 13))).toEqual({ 1: 0, 2: 0 })
})

test('one set that has pods gets all, and sets beside one that is whole get none', () => {
  expect(sizes(deployment(7), set('2', 0, 3, 6), set('1', 3, 3, 6))).toEqual({ 1: 7 })
  expect(sizes(deployment(5), set('2', 5, 5, 8), set('1', 2, 5, 8))).toEqual({ 1: 0 })
})

test('a Deployment is resized when a set with pods was made for another size', () => {
  expect(isResized(deployment(5), [set('1', 3, 5, 8)])).toBe(false)
  expect(isResized(deployment(6), [set('1', 3, 5, 8)])).toBe(true)
  expect(isResized(deployment(6), [set('1', 0, 5, 8)])).toBe(false)
})
