import { expect, test } from 'vitest'
import type { Pod, PodSpec } from '../api/generated/core-v1.ts'
import { DEFAULT_REQUEST, podRequests, specRequests } from './pod-requests.ts'

const GIB = 2 ** 30

function pod(spec: Partial<PodSpec>): Pod {
  const containers = [{ name: 'main', image: 'a', resources: { requests: { cpu: '1' } } }]
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers, ...spec } } as Pod
}

const asks = (cpu: string, more: object = {}) => ({ name: cpu, image: 'a', resources: { requests: { cpu } }, ...more })

/** Kubernetes' rule (PodLevelResources): what the pod names counts, what it leaves open its containers say. */
test('what a pod asks for as a whole counts in place of what its containers ask', () => {
  const { exact, assumed } = podRequests(
    pod({ resources: { requests: { cpu: '6', 'example.com/thing': '3' } }, overhead: { cpu: '500m' } }),
  )
  expect(exact).toEqual({ cpu: 6_500 })
  expect(assumed).toEqual({ cpu: 6_500, memory: DEFAULT_REQUEST['memory'] })
  const memory = podRequests(pod({ resources: { requests: { memory: '1Gi' } } }))
  expect(memory.exact).toEqual({ cpu: 1_000, memory: GIB })
})

test('sidecars count with the containers, and with each init container after them', () => {
  const sidecar = asks('2', { restartPolicy: 'Always' })
  expect(podRequests(pod({ initContainers: [sidecar] })).exact).toEqual({ cpu: 3_000 })
  expect(podRequests(pod({ initContainers: [sidecar, asks('4')] })).exact).toEqual({ cpu: 6_000 })
  expect(podRequests(pod({ initContainers: [asks('4'), sidecar] })).exact).toEqual({ cpu: 4_000 })
})

/** A pod that asks for `asked`, whose node has granted `granted` and given `inForce`. */
function resizing(asked: string, granted: string, inForce: string, pending?: string): Pod {
  const status = { name: 'main', resources: { requests: { cpu: inForce } }, allocatedResources: { cpu: granted } }
  const conditions = pending === undefined ? [] : [{ type: 'PodResizePending', status: 'True', reason: pending }]
  return {
    ...pod({ containers: [{ name: 'main', resources: { requests: { cpu: asked } } }] }),
    metadata: { name: 'p', generation: 2 },
    status: { conditions, containerStatuses: [status] },
  } as unknown as Pod
}

/** Kubernetes' rule (PodRequests with UseStatusResources, InPlacePodVerticalScaling). */
test.each([
  ['grows and waits', resizing('3', '1', '1', 'Deferred'), 3_000],
  ['grows', resizing('3', '3', '1'), 3_000],
  ['shrinks', resizing('1', '1', '3'), 3_000],
  ['was refused for good', resizing('3', '1', '1', 'Infeasible'), 1_000],
  ['has what it asks for', resizing('2', '2', '2'), 2_000],
])('a pod that %s asks for the most that it may have on its node', (_name, one, cpu) => {
  expect(podRequests(one).exact).toEqual({ cpu })
})

test('the spec alone says what is asked for, whatever is under way', () => {
  expect(specRequests(resizing('1', '1', '3')).exact).toEqual({ cpu: 1_000 })
})
