import { expect, test } from 'vitest'
import type { DaemonSet, StatefulSet } from '../src/api/generated/apps-v1.ts'
import type { Pod } from '../src/api/generated/core-v1.ts'
import {
  controllerRevisions,
  daemonSets,
  events,
  nodes,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../src/api/generated/resources.ts'
import { createTestCluster, until } from '../src/testing/index.ts'
import type { TestCluster } from '../src/testing/index.ts'

/** Rules of Kubernetes' pages on StatefulSets and DaemonSets, tried on a cluster with simulated containers. */
const REVISION = 'controller-revision-hash'
const KEY = { namespace: 'default', name: 'set' }
const metadata = { name: 'set', namespace: 'default' }
const containers = (image: string) => [{ name: 'main', image }]
const podSpec = (image: string) => ({ terminationGracePeriodSeconds: 0, containers: containers(image) })
const base = {
  selector: { matchLabels: { app: 'set' } },
  template: { metadata: { labels: { app: 'set' } }, spec: podSpec('pause:1') },
}
const NEW_IMAGE = { type: 'merge', patch: { spec: { template: { spec: podSpec('pause:2') } } } } as const

const statefulSet = (spec: object): StatefulSet =>
  ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: { serviceName: 's', ...base, ...spec },
  }) as StatefulSet
const daemonSet = (spec: object): DaemonSet =>
  ({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: { ...base, ...spec } }) as DaemonSet

const imageOf = ({ spec }: Pod) => spec?.containers[0]?.image
const imagesOf = (all: readonly Pod[]) => Object.fromEntries(all.map((pod) => [pod.metadata.name, imageOf(pod)]).sort())

async function deeds(cluster: TestCluster, count: number): Promise<string[]> {
  const ofSet = (all: readonly { readonly involvedObject: { readonly kind?: string } }[]) =>
    all.filter(({ involvedObject }) => involvedObject.kind === 'StatefulSet')
  const all = await until(cluster.client, events, (some) => ofSet(some).length >= count)
  return all.filter(({ involvedObject }) => involvedObject.kind === 'StatefulSet').map(({ message = '' }) => message)
}

const said = (act: string, ordinal: number) => `${act} Pod set-${ordinal} in StatefulSet set successful`

test('a StatefulSet is updated from its last pod down to the partition, and to the end when that falls', async () => {
  await using cluster = await createTestCluster()
  const { client } = cluster
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } }
  await client.create(statefulSets, statefulSet({ replicas: 3, updateStrategy }))
  const [first] = await until(client, statefulSets, ([set]) => set?.status?.availableReplicas === 3)
  const old = first!.status!.currentRevision
  await client.patch(statefulSets, KEY, NEW_IMAGE)
  const [partly] = await until(client, statefulSets, ([set]) => {
    return set?.status?.updatedReplicas === 1 && set.status.readyReplicas === 3 && set.status.updateRevision !== old
  })
  expect(partly!.status).toMatchObject({ currentRevision: old, currentReplicas: 2 })
  expect(imagesOf((await client.list(pods)).items)).toEqual({
    'set-0': 'pause:1',
    'set-1': 'pause:1',
    'set-2': 'pause:2',
  })
  // A pod below the partition comes back as it was.
  await client.delete(pods, { namespace: 'default', name: 'set-0' })
  await until(client, pods, (all) => all.some(({ metadata: { name } }) => name === 'set-0'))
  await until(client, statefulSets, ([set]) => set?.status?.readyReplicas === 3)
  expect(imagesOf((await client.list(pods)).items)['set-0']).toBe('pause:1')
  const whole = { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } }
  await client.patch(statefulSets, KEY, { type: 'merge', patch: whole })
  const [done] = await until(
    client,
    statefulSets,
    ([set]) => set?.status?.updatedReplicas === 3 && set.status.readyReplicas === 3,
  )
  expect(done!.status?.currentRevision).toBe(done!.status?.updateRevision)
  expect((await client.list(controllerRevisions)).items.map(({ revision }) => revision).sort()).toEqual([1, 2])
})

test('a StatefulSet that shrinks gives up its last pods first, and with whenScaled their claims', async () => {
  await using cluster = await createTestCluster()
  const { client } = cluster
  const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  const claims = {
    persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' },
    volumeClaimTemplates: [{ metadata: { name: 'disk' }, spec: storage }],
  }
  await client.create(statefulSets, statefulSet({ replicas: 3, podManagementPolicy: 'Parallel', ...claims }))
  await until(client, pods, (all) => all.length === 3)
  await client.patch(statefulSets, KEY, { type: 'merge', patch: { spec: { replicas: 1 } } })
  const [left] = await until(client, pods, (all) => all.length === 1)
  expect(left?.metadata.name).toBe('set-0')
  const [claim] = await until(client, persistentVolumeClaims, (all) => all.length === 1)
  expect(claim?.metadata).toMatchObject({ name: 'disk-set-0', labels: { app: 'set' } })
})

test('with OnDelete a StatefulSet waits until somebody deletes a pod; what it did is told in order', async () => {
  await using cluster = await createTestCluster()
  const { client } = cluster
  await client.create(statefulSets, statefulSet({ replicas: 2, updateStrategy: { type: 'OnDelete' } }))
  const [before] = await until(client, statefulSets, ([set]) => set?.status?.readyReplicas === 2)
  await client.patch(statefulSets, KEY, NEW_IMAGE)
  await until(client, statefulSets, ([set]) => set?.status?.updateRevision !== before!.status!.updateRevision)
  expect(imagesOf((await client.list(pods)).items)).toEqual({ 'set-0': 'pause:1', 'set-1': 'pause:1' })
  await client.delete(pods, { namespace: 'default', name: 'set-1' })
  await until(client, pods, (all) => all.some((pod) => pod.metadata.name === 'set-1' && imageOf(pod) === 'pause:2'))
  expect((await deeds(cluster, 2)).slice(0, 2)).toEqual([said('create', 0), said('create', 1)])
})

test.each([
  { maxUnavailable: 1, maxSurge: 0 },
  { maxUnavailable: 0, maxSurge: 1 },
])('a DaemonSet is rolled out over all its nodes with %o', async (rollingUpdate) => {
  await using cluster = await createTestCluster({ nodes: 3 })
  const { client } = cluster
  await client.create(daemonSets, daemonSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } }))
  await until(client, daemonSets, ([set]) => set?.status?.numberAvailable === 3)
  await client.patch(daemonSets, KEY, NEW_IMAGE)
  await until(client, daemonSets, ([set]) => {
    return (
      set?.status?.observedGeneration === 2 &&
      set.status.updatedNumberScheduled === 3 &&
      set.status.numberAvailable === 3
    )
  })
  const all = await until(client, pods, (some) => some.length === 3 && some.every((pod) => imageOf(pod) === 'pause:2'))
  expect(all.map(({ spec }) => spec?.nodeName).sort()).toEqual(['node1', 'node2', 'node3'])
  expect(new Set(all.map(({ metadata: { labels } }) => labels?.[REVISION])).size).toBe(1)
})

test('a DaemonSet stays on a node that is tainted NoSchedule, leaves one that is NoExecute, and comes back', async () => {
  await using cluster = await createTestCluster({ nodes: 2 })
  const { client } = cluster
  const taint = (effect?: string) => {
    const taints = effect === undefined ? null : [{ key: 'only', value: 'others', effect }]
    return client.patch(nodes, { name: 'node1' }, { type: 'merge', patch: { spec: { taints } } })
  }
  const becomes = (ready: number, desired: number, misscheduled: number) =>
    until(client, daemonSets, ([set]) => {
      const { numberReady, desiredNumberScheduled, numberMisscheduled } = set?.status ?? {}
      return numberReady === ready && desiredNumberScheduled === desired && numberMisscheduled === misscheduled
    })
  await client.create(daemonSets, daemonSet({}))
  await becomes(2, 2, 0)
  await taint('NoSchedule')
  await becomes(1, 1, 1)
  await taint('NoExecute')
  await becomes(1, 1, 0)
  await until(client, pods, (all) => all.map(({ spec }) => spec?.nodeName).join() === 'node2')
  await taint()
  await becomes(2, 2, 0)
})
