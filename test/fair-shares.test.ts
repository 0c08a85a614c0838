import { expect, test } from 'vitest'
import type { Job } from '../src/api/generated/batch-v1.ts'
import type { Pod } from '../src/api/generated/core-v1.ts'
import { jobs, namespaces, nodes, pods } from '../src/api/generated/resources.ts'
import { milliOf } from '../src/api/meta/quantity.ts'
import { createTestCluster, until } from '../src/testing/index.ts'
import type { TestCluster } from '../src/testing/index.ts'

/** So many pods of a Job fit into the cluster. */
const ROOM = 8

async function addNamespace({ client }: TestCluster, name: string, weight: number): Promise<void> {
  const labels = { 'scheduling.shoal.dev/weight': String(weight) }
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
}

/** Work for more pods than there is room. */
async function addWork({ client }: TestCluster, namespace: string): Promise<void> {
  const [node] = (await client.list(nodes)).items
  const cpu = `${milliOf(node?.status?.allocatable?.['cpu'] ?? '0') / ROOM}m`
  const template = {
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'app', resources: { requests: { cpu } } }],
    },
  }
  // A pod that is preempted is no failure of its program: a Job that took it for one would wait before it tries again.
  const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }]
  const podFailurePolicy = { rules: [{ action: 'Ignore', onPodConditions }] }
  const spec = { parallelism: 2 * ROOM, completions: 1000, backoffLimit: 1000, podFailurePolicy, template }
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'work', namespace }, spec } as Job
  await client.create(jobs, job)
}

const isWorking = ({ metadata, spec, status }: Pod) =>
  spec?.nodeName !== undefined && metadata.deletionTimestamp === undefined && status?.phase === 'Running'

async function shared({ client }: TestCluster, wanted: Readonly<Record<string, number>>): Promise<void> {
  const isShared = (all: readonly Pod[]) =>
    Object.entries(wanted).every(
      ([name, count]) => all.filter((pod) => pod.metadata.namespace === name && isWorking(pod)).length === count,
    )
  await until(client, pods, isShared, { deadlineMs: 60_000 })
}

test('batch work of namespaces shares the cluster by weight: what is idle is borrowed, and given back', async () => {
  await using cluster = await createTestCluster()
  await addNamespace(cluster, 'small', 1)
  await addNamespace(cluster, 'large', 3)
  await addWork(cluster, 'small')
  await shared(cluster, { small: ROOM })
  await addWork(cluster, 'large')
  await shared(cluster, { small: 2, large: 6 })
  // Nobody took more than it gives back: what ran of the larger share went on.
  const { items } = await cluster.client.list(pods, { namespace: 'large' })
  expect(items.filter(({ status, metadata }) => status?.phase === 'Failed' || metadata.deletionTimestamp)).toEqual([])
  await cluster.client.delete(jobs, { namespace: 'large', name: 'work' }, { propagationPolicy: 'Background' })
  await shared(cluster, { small: ROOM, large: 0 })
})

test('namespaces of one weight come to the same share, whoever came first', async () => {
  await using cluster = await createTestCluster()
  for (const name of ['a', 'b']) await addNamespace(cluster, name, 1)
  await addWork(cluster, 'a')
  await shared(cluster, { a: ROOM })
  await addWork(cluster, 'b')
  await shared(cluster, { a: ROOM / 2, b: ROOM / 2 })
})

test('work of a namespace without a weight is not shared: who came first stays', async () => {
  await using cluster = await createTestCluster()
  await addNamespace(cluster, 'shared', 1)
  const { client } = cluster
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'plain' } })
  await addWork(cluster, 'plain')
  await shared(cluster, { plain: ROOM })
  await addWork(cluster, 'shared')
  await until(client, pods, (all) =>
    all.some(
      ({ metadata, status }) =>
        metadata.namespace === 'shared' &&
        status?.conditions?.some(({ reason }) => reason === 'Unschedulable') === true,
    ),
  )
  await shared(cluster, { plain: ROOM, shared: 0 })
})
