import { expect, test } from 'vitest'
import type { Node, Pod } from '../src/api/generated/core-v1.ts'
import { events, nodes, pods } from '../src/api/generated/resources.ts'
import { createTestCluster, until } from '../src/testing/index.ts'
import type { TestCluster } from '../src/testing/index.ts'

function pod(name: string, spec: Partial<Pod['spec']> = {}, requests: Record<string, string> = {}): Pod {
  const containers = [{ name: 'main', image: 'registry.k8s.io/pause:3.10', resources: { requests } }]
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers, ...spec } }
}

const bound = (all: readonly Pod[]) => all.filter(({ spec }) => (spec?.nodeName ?? '') !== '')
const create = (cluster: TestCluster, ...wanted: readonly Pod[]) =>
  Promise.all(wanted.map((each) => cluster.client.create(pods, each)))

test('a pod is placed by the profile that its schedulerName names', async () => {
  await using cluster = await createTestCluster({ nodes: 3 })
  for (const name of ['a', 'b', 'c', 'd']) {
    await create(cluster, pod(name, { schedulerName: 'round-robin' }))
    await until(cluster.client, pods, (all) => bound(all).length === all.length)
  }
  const { items } = await cluster.client.list(pods)
  const places = items.map(({ spec }) => spec?.nodeName)
  expect(new Set(places.slice(0, 3)).size).toBe(3)
  expect(places[3]).toBe(places[0])
})

test('a cluster may be told which profile serves pods that name none', async () => {
  await using cluster = await createTestCluster({ nodes: 3, schedulerProfile: 'least-remaining' })
  await create(cluster, pod('first', {}, { cpu: '2' }))
  await until(cluster.client, pods, (all) => bound(all).length === 1)
  await create(cluster, pod('second', {}, { cpu: '2' }), pod('third', {}, { cpu: '2' }))
  const all = await until(cluster.client, pods, (found) => bound(found).length === 3)
  expect(new Set(all.map(({ spec }) => spec?.nodeName)).size).toBe(1)
})

test('a profile that does not exist keeps a cluster from starting, by name', async () => {
  await expect(createTestCluster({ schedulerProfile: 'best' })).rejects.toThrow(
    'Cannot schedule by "best": no such profile, expected one of default-scheduler, best-score, least-remaining, random, round-robin',
  )
})

test('a pod that names a scheduler of somebody else is left alone', async () => {
  await using cluster = await createTestCluster()
  await create(cluster, pod('theirs', { schedulerName: 'volcano' }), pod('ours'))
  const all = await until(cluster.client, pods, (found) => bound(found).length === 1)
  expect(bound(all)[0]?.metadata.name).toBe('ours')
})

// The condition and the event of a pod that fits nowhere carry the words of Kubernetes 1.34 (settled/unschedulable).
test('a pod that fits nowhere says so in condition and event, and is placed once a node with room comes', async () => {
  await using cluster = await createTestCluster()
  const { client } = cluster
  await create(cluster, pod('big', {}, { cpu: '500', memory: '900Gi' }))
  const message =
    '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. no new claims to deallocate, ' +
    'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.'
  const scheduled = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'PodScheduled')
  const [big] = await until(client, pods, ([only]) => only !== undefined && scheduled(only) !== undefined)
  expect(big && scheduled(big)).toMatchObject({ status: 'False', reason: 'Unschedulable', message })
  await until(client, events, (all) =>
    all.some((event) => event.reason === 'FailedScheduling' && event.message === message),
  )
  const allocatable = { cpu: '512', memory: '1Ti', pods: '10' }
  const large: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'large' }, status: { allocatable } }
  await client.create(nodes, large)
  await client.patch(nodes, { name: 'large' }, { type: 'merge', patch: { spec: { taints: null } } })
  const [placed] = await until(client, pods, (all) => bound(all).length === 1, { deadlineMs: 20_000 })
  expect(placed?.spec?.nodeName).toBe('large')
})

test('a gated pod waits for its gates, and says so', async () => {
  await using cluster = await createTestCluster()
  await create(cluster, pod('gated', { schedulingGates: [{ name: 'example.com/wait' }] }))
  const gated = (all: readonly Pod[]) =>
    all.some(({ status }) => status?.conditions?.some(({ reason }) => reason === 'SchedulingGated'))
  await until(cluster.client, pods, gated)
  const key = { namespace: 'default', name: 'gated' }
  await cluster.client.patch(pods, key, { type: 'merge', patch: { spec: { schedulingGates: null } } })
  await until(cluster.client, pods, (all) => bound(all).length === 1)
})

test('two hundred pods at once promise no node more than it has', async () => {
  await using cluster = await createTestCluster({ nodes: 4 })
  // A simulated node has 32 CPUs: four hold 128 pods of one CPU each.
  await create(cluster, ...Array.from({ length: 200 }, (_, i) => pod(`p${i}`, {}, { cpu: '1' })))
  const all = await until(cluster.client, pods, (found) => bound(found).length === 128)
  const perNode = Map.groupBy(bound(all), ({ spec }) => spec?.nodeName)
  expect([...perNode.values()].map((on) => on.length)).toEqual([32, 32, 32, 32])
})
