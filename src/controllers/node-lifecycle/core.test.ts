import { expect, test } from 'vitest'
import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { decideNode } from './core.ts'
import { createHeartbeats } from './heartbeats.ts'

const NOW_MS = Date.UTC(2026, 0, 1)

function node(ready: string, taints: NonNullable<Node['spec']>['taints'] = []): Node {
  const conditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => {
    return { type, status: type === 'Ready' ? ready : ready === 'Unknown' ? 'Unknown' : 'False' }
  })
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', uid: 'n' }, spec: { taints }, status: { conditions } }
}

function pod(tolerationSeconds: number): Pod {
  const tolerations = ['not-ready', 'unreachable'].map((key) => {
    return { key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }
  })
  const metadata = { name: 'p', namespace: 'default', uid: 'p' }
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [], nodeName: 'n', tolerations }, status }
}

test('a node that is heard of in time is looked at again when its grace would end', () => {
  const decision = decideNode({ node: node('True'), pods: [pod(300)], silentMs: 10_000, graceMs: 40_000 }, NOW_MS)
  expect(decision).toEqual({ changes: [], requeueAfterMs: 30_000 })
})

test('a silent node becomes Unknown and unreachable, and its pods not ready, in the words of Kubernetes', () => {
  const decision = decideNode({ node: node('True'), pods: [pod(300)], silentMs: 40_000, graceMs: 40_000 }, NOW_MS)
  expect(decision.changes).toMatchObject([
    { verb: 'update', subresource: 'status', object: { status: { conditions: unknownConditions() } } },
    { verb: 'event', note: { reason: 'NodeNotReady', message: 'Node n status is now: NodeNotReady' } },
    {
      verb: 'patch',
      patch: {
        patch: {
          spec: {
            taints: [
              { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' },
              { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' },
            ],
          },
        },
      },
    },
    { verb: 'event', note: { reason: 'NodeNotReady', message: 'Node is not ready', type: 'Warning' } },
    { verb: 'patch', key: { name: 'p' }, subresource: 'status' },
  ])
  expect(decision.requeueAfterMs).toBeUndefined()
})

test('a node that reports again loses our taints and keeps those of others', () => {
  const taints = [
    { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
    { key: 'dedicated', effect: 'NoSchedule', value: 'x' },
  ]
  const decision = decideNode({ node: node('True', taints), pods: [], silentMs: 0, graceMs: 40_000 }, NOW_MS)
  expect(decision.changes).toMatchObject([{ patch: { patch: { spec: { taints: [{ key: 'dedicated' }] } } } }])
})

test('silence is measured by our own clock from the last change of the lease', () => {
  const heartbeats = createHeartbeats()
  const lease = (renewTime: string) => {
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n' }, spec: { renewTime } }
  }
  expect(heartbeats.silentMs(node('True'), lease('1999'), 1000)).toBe(0)
  expect(heartbeats.silentMs(node('True'), lease('1999'), 4000)).toBe(3000)
  expect(heartbeats.silentMs(node('True'), lease('2000'), 5000)).toBe(0)
})

function unknownConditions() {
  const message = 'Kubelet stopped posting node status.'
  return Array.from({ length: 4 }, () => ({ status: 'Unknown', reason: 'NodeStatusUnknown', message }))
}
