import { expect, test } from 'vitest'
import type { ConfigMap } from '../api/generated/core-v1.ts'
import { configMaps, deployments } from '../api/generated/resources.ts'
import { createHttpClient } from '../client/http.ts'
import type { Client } from '../client/client.ts'
import { parseKubeconfig } from '../client/kubeconfig.ts'
import { createTestCluster } from './test-cluster.ts'
import type { TestCluster } from './test-cluster.ts'

const settings = (colour: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'default' },
  data: { colour },
})

async function open(cluster: TestCluster, user?: string): Promise<Client & Disposable> {
  const who = user === undefined ? {} : { user, groups: ['system:masters'] }
  const client = createHttpClient((await parseKubeconfig(await cluster.kubeconfig(who))).endpoint)
  return { ...client, [Symbol.dispose]: () => client.close() }
}

test('as many requests as were said fail, in the words of Kubernetes, and nothing comes of them', async () => {
  await using cluster = await createTestCluster({ apiOnly: true })
  using client = await open(cluster)
  const created = await client.create(configMaps, settings('red'))
  using conflict = cluster.inject({ verb: 'update', resource: 'configmaps', reason: 'Conflict', times: 2 })
  for (const _ of [1, 2]) {
    await expect(client.update(configMaps, { ...created, data: { colour: 'blue' } })).rejects.toMatchObject({
      status: {
        code: 409,
        message:
          'Operation cannot be fulfilled on configmaps "settings": the object has been modified; ' +
          'please apply your changes to the latest version and try again',
      },
    })
  }
  expect(await client.get(configMaps, created.metadata as { name: string })).toMatchObject({ data: { colour: 'red' } })
  await client.update(configMaps, { ...created, data: { colour: 'blue' } })
  expect(conflict.hits).toBe(2)
})

test('a fault meets who and what it names, and nobody once it is taken back', async () => {
  await using cluster = await createTestCluster({ apiOnly: true })
  using ann = await open(cluster, 'ann')
  using admin = await open(cluster)
  const fault = cluster.inject({ user: 'ann', resource: 'configmaps', reason: 'InternalError', times: Infinity })
  await expect(ann.list(configMaps)).rejects.toMatchObject({ status: { code: 500 } })
  await expect(ann.create(configMaps, settings('red'))).rejects.toMatchObject({ status: { code: 500 } })
  expect((await ann.list(deployments)).items).toEqual([])
  expect((await admin.list(configMaps)).items.length).toBeGreaterThanOrEqual(0)
  expect((await cluster.client.list(configMaps)).items.length).toBeGreaterThanOrEqual(0)
  fault[Symbol.dispose]()
  await ann.create(configMaps, settings('red'))
  expect(fault.hits).toBe(2)
})

test('watches that fit are cut, others go on', async () => {
  await using cluster = await createTestCluster({ apiOnly: true })
  using client = await open(cluster)
  const { metadata } = await client.list(configMaps)
  const how = { resourceVersion: metadata.resourceVersion ?? '' }
  const closed = Promise.withResolvers<Error | undefined>()
  client.watch(configMaps, how, { events: () => {}, closed: closed.resolve })
  const news = Promise.withResolvers<void>()
  const other = client.watch(
    configMaps,
    { ...how, namespace: 'default' },
    { events: () => news.resolve(), closed: () => news.reject(new Error('it was cut')) },
  )
  while (cluster.cutWatches({ resource: 'configmaps', namespace: '' }) === 0) await client.list(configMaps)
  await closed.promise
  await client.create(configMaps, settings('red'))
  await news.promise
  other.close()
  expect(cluster.cutWatches({ resource: 'secrets' })).toBe(0)
})
