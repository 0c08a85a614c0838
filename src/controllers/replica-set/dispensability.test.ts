import { expect, test } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import { mostDispensable } from './dispensability.ts'

const NOW = Date.parse('2026-01-01T01:00:00Z')

function pod(
  name: string,
  { cost, node = 'n1', ready = true, since = '2026-01-01T00:00:00Z', restarts = 0 }: Facts = {},
) {
  const annotations = cost === undefined ? {} : { 'controller.kubernetes.io/pod-deletion-cost': cost }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, uid: name, annotations, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { nodeName: node, containers: [] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: since }],
      containerStatuses: [{ name: 'main', restartCount: restarts }],
    },
  } as unknown as Pod
}

interface Facts {
  readonly cost?: string
  readonly node?: string
  readonly ready?: boolean
  readonly since?: string
  readonly restarts?: number
}

const order = (pods: readonly Pod[], related: readonly Pod[] = []) =>
  mostDispensable([...pods, pod('last', { cost: '2147483647' })], related, pods.length, NOW).map(
    ({ metadata }) => metadata.name,
  )

// The order is that of `ActivePodsWithRanks` in Kubernetes' pkg/controller.
test('dispensability: not ready before cheap before dear, and what is no number costs nothing', () => {
  const pods = [pod('dear', { cost: '10' }), pod('plain', { cost: '+3' }), pod('cheap', { cost: '-1' })]
  expect(order([...pods, pod('unready', { ready: false, cost: '99' })])).toEqual(['unready', 'cheap', 'plain', 'dear'])
})

test("dispensability: of ready pods those on nodes with more of the owner's pods go first", () => {
  const [alone, one, other] = [pod('alone', { node: 'n2' }), pod('one'), pod('other')]
  expect(order([alone, one, other], [alone, one, other])).toEqual(['one', 'other', 'alone'])
  expect(order([alone, one, other])[0]).toBe('alone')
})

test('dispensability: ready for a shorter time by orders of magnitude, then by uid; then restarts', () => {
  const [long, short] = [pod('a-long'), pod('b-short', { since: '2026-01-01T00:59:00Z' })]
  expect(order([long, short])).toEqual(['b-short', 'a-long'])
  expect(order([pod('b'), pod('a', { since: '2026-01-01T00:01:00Z' })])).toEqual(['a', 'b'])
  expect(order([pod('steady'), pod('restless', { restarts: 3 })])).toEqual(['restless', 'steady'])
})
