import { expect, test } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from '../../api/generated/policy-v1.ts'
import { decideDisruption } from './core.ts'
import type { ScaleOf } from './expected.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const OWNER = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'web', controller: true }

function pod(name: string, isReady: boolean, more: Partial<Pod['metadata']> = {}): Pod {
  const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }]
  const metadata = { name, namespace: 'default', ownerReferences: [OWNER], ...more }
  return { apiVersion: 'v1', kind: 'Pod', metadata, status: { conditions } }
}

function budget(spec: PodDisruptionBudgetSpec, disruptedPods?: Record<string, string>): PodDisruptionBudget {
  const metadata = { name: 'b', namespace: 'default', generation: 1 }
  const counts = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0 }
  const status = disruptedPods === undefined ? {} : { status: { ...counts, disruptedPods } }
  return { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata, spec, ...status }
}

const wants =
  (replicas: number): ScaleOf =>
  () => ({ kind: 'scale', uid: 'web', replicas })

function decide(one: PodDisruptionBudget, pods: readonly Pod[], scaleOf = wants(pods.length)) {
  const { changes, ...rest } = decideDisruption({ budget: one, pods, scaleOf }, NOW_MS)
  const update = changes.find((change) => change.verb === 'update')
  const said = changes.flatMap((change) => (change.verb === 'event' ? [change.note.reason] : []))
  return { status: (update?.object as PodDisruptionBudget | undefined)?.status, said, ...rest }
}

const FOUR = [pod('a', true), pod('b', true), pod('c', true), pod('d', false)]

test.each([
  [{ minAvailable: 2 }, { desiredHealthy: 2, disruptionsAllowed: 1 }],
  [{ minAvailable: '60%' }, { desiredHealthy: 3, disruptionsAllowed: 0 }],
  [{ maxUnavailable: 2 }, { desiredHealthy: 2, disruptionsAllowed: 1 }],
  [{ maxUnavailable: '30%' }, { desiredHealthy: 2, disruptionsAllowed: 1 }],
])('a budget of %j counts its healthy pods, shares rounded up', (spec, expected) => {
  const { status } = decide(budget(spec), FOUR)
  expect(status).toMatchObject({ expectedPods: 4, currentHealthy: 3, observedGeneration: 1, ...expected })
  const isAllowed = expected.disruptionsAllowed > 0
  expect(status?.conditions).toEqual([
    {
      type: 'DisruptionAllowed',
      status: isAllowed ? 'True' : 'False',
      reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 1,
    },
  ])
})

test('a pod whose eviction was granted counts as gone for two minutes, then as staying', () => {
  const recently = decide(budget({ minAvailable: 2 }, { a: '2025-12-31T23:59:00Z' }), FOUR)
  expect(recently).toMatchObject({ requeueAfterMs: 60_000, said: [], status: { currentHealthy: 2 } })
  const longAgo = decide(budget({ minAvailable: 2 }, { a: '2025-12-31T23:58:00Z' }), FOUR)
  expect(longAgo).toMatchObject({ said: ['NotDeleted'], status: { currentHealthy: 3 } })
  expect(longAgo.status).not.toHaveProperty('disruptedPods')
})

test('a share of pods whose controller has no scale allows nothing, and says why', () => {
  const unscalable: ScaleOf = () => ({ kind: 'unscalable', resource: 'jobs.batch' })
  const { status, said } = decide(budget({ maxUnavailable: 1 }), FOUR, unscalable)
  expect(said).toEqual(['CalculateExpectedPodCountFailed'])
  const message = 'jobs.batch does not implement the scale subresource'
  expect(status).toMatchObject({ disruptionsAllowed: 0, conditions: [{ reason: 'SyncFailed', message }] })
})

test('pods that nothing controls are named as unmanaged, and a budget without pods says so', () => {
  const [lonely] = [pod('a', true, { ownerReferences: [] })]
  expect(decide(budget({ maxUnavailable: 1 }), [lonely!], wants(0)).said).toEqual(['UnmanagedPods'])
  expect(decide(budget({ minAvailable: 1 }), []).said).toEqual(['NoPods'])
})

test('a status that says what is so is not written again', () => {
  const { status } = decide(budget({ minAvailable: 2 }), FOUR)
  expect(decide({ ...budget({ minAvailable: 2 }), status: status! }, FOUR).status).toBeUndefined()
})
