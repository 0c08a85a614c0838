import { expect, test } from 'vitest'
import type { Node, Pod, Taint } from '../../api/generated/core-v1.ts'
import { evictionsOf, NONE } from './core.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const UNREACHABLE: Taint = {
  key: 'node.kubernetes.io/unreachable',
  effect: 'NoExecute',
  timeAdded: '2026-01-01T00:00:00Z',
}

function node(taints: readonly Taint[]): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', uid: 'n' }, spec: { taints: [...taints] } }
}

function pod(tolerationSeconds: number, deletionTimestamp?: string): Pod {
  const tolerations = [{ key: UNREACHABLE.key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }]
  const deleted = deletionTimestamp === undefined ? {} : { deletionTimestamp }
  const metadata = { name: 'p', namespace: 'default', uid: 'p', generation: 1, ...deleted }
  const scheduled = { type: 'PodScheduled', status: 'True' }
  const status = { phase: 'Running', conditions: [scheduled] }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [], nodeName: 'n', tolerations }, status }
}

const said = (message: string) => ({ verb: 'event', note: { reason: 'TaintManagerEviction', message } })

test('a pod is evicted when its toleration of the taint runs out, and says so behind what it said before', () => {
  const at = (ms: number) => evictionsOf(node([UNREACHABLE]), [pod(5)], NONE.later, NOW_MS + ms)
  expect(at(4_000)).toMatchObject({ changes: [], nextMs: 1_000 })
  expect(at(5_000).changes).toMatchObject([
    said('Marking for deletion Pod default/p'),
    {
      verb: 'patch',
      subresource: 'status',
      patch: {
        patch: { status: { '$setElementOrder/conditions': [{ type: 'PodScheduled' }, { type: 'DisruptionTarget' }] } },
      },
    },
    { verb: 'delete', key: { name: 'p' } },
  ])
})

test('a pod whose node gets well in time is told that it may stay, once', () => {
  const { later } = evictionsOf(node([UNREACHABLE]), [pod(5)], NONE.later, NOW_MS)
  const well = evictionsOf(node([]), [pod(5)], later, NOW_MS)
  expect(well.changes).toMatchObject([said('Cancelling deletion of Pod default/p')])
  expect(evictionsOf(node([]), [pod(5)], well.later, NOW_MS)).toEqual(NONE)
})

test('a pod that is gone before its time is told of too; one that is only being deleted is not', () => {
  const { later } = evictionsOf(node([UNREACHABLE]), [pod(5)], NONE.later, NOW_MS)
  const deleting = pod(5, '2026-01-01T00:00:01Z')
  expect(evictionsOf(node([UNREACHABLE]), [deleting], later, NOW_MS).changes).toEqual([])
  expect(evictionsOf(node([UNREACHABLE]), [], later, NOW_MS).changes).toMatchObject([
    said('Cancelling deletion of Pod default/p'),
  ])
})

test('a taint that does not say since when counts from when it was first seen', () => {
  const { timeAdded: _, ...taint } = UNREACHABLE
  const first = evictionsOf(node([taint]), [pod(5)], NONE.later, NOW_MS)
  const second = evictionsOf(node([taint]), [pod(5)], first.later, NOW_MS + 3_000)
  expect(second).toMatchObject({ changes: [], nextMs: 2_000 })
  expect(evictionsOf(node([taint]), [pod(5)], second.later, NOW_MS + 5_000).changes).toHaveLength(3)
})

test('a pod that waited is told so where a taint comes that it does not tolerate at all', () => {
  const { later } = evictionsOf(node([UNREACHABLE]), [pod(5)], NONE.later, NOW_MS)
  const out = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }
  expect(evictionsOf(node([UNREACHABLE, out]), [pod(5)], later, NOW_MS).changes).toMatchObject([
    said('Cancelling deletion of Pod default/p'),
    said('Marking for deletion Pod default/p'),
    { verb: 'patch' },
    { verb: 'delete' },
  ])
})

// Kubernetes' rule (processPodOnNode): who has an appointment keeps it.
test('a further taint that is tolerated for a shorter time does not bring the end nearer', () => {
  const [toleration] = pod(300).spec!.tolerations!
  const shorter = { ...toleration!, key: 'b', tolerationSeconds: 2 }
  const both = { ...pod(300), spec: { ...pod(300).spec!, tolerations: [toleration!, shorter] } }
  const first = evictionsOf(node([UNREACHABLE]), [both], NONE.later, NOW_MS)
  const taints = [UNREACHABLE, { key: 'b', effect: 'NoExecute' }]
  const second = evictionsOf(node(taints), [both], first.later, NOW_MS + 1_000)
  expect(second).toMatchObject({ changes: [], nextMs: 299_000 })
  expect(evictionsOf(node(taints), [both], NONE.later, NOW_MS)).toMatchObject({ changes: [], nextMs: 2_000 })
})
