import { expect, test } from 'vitest'
import { componentStatuses } from '../src/api/generated/resources.ts'
import { createCluster } from '../src/cluster/cluster.ts'

/** Names, order and words are those that a kube-apiserver 1.34.4 answered, alone and with its companions. */
const healthy = [{ type: 'Healthy', status: 'True', message: 'ok' }]

test('component statuses: all is well where scheduler and controllers are within; selectors and names choose', async () => {
  await using cluster = await createCluster({ nodes: 0, runtime: 'simulated' })
  const { client } = cluster
  const { items, metadata } = await client.list(componentStatuses)
  expect(metadata).toEqual({})
  expect(items.map(({ metadata: { name }, conditions }) => [name, conditions])).toEqual([
    ['scheduler', healthy],
    ['controller-manager', healthy],
    ['etcd-0', healthy],
  ])
  expect((await client.list(componentStatuses, { labelSelector: 'a=b' })).items).toEqual([])
  expect((await client.get(componentStatuses, { name: 'etcd-0' })).conditions).toEqual(healthy)
  await expect(client.get(componentStatuses, { name: 'nope' })).rejects.toMatchObject({
    message: 'componentstatus "nope" not found',
    code: 404,
  })
})

test('component statuses: an API server alone asks for the others where Kubernetes has them', async () => {
  await using cluster = await createCluster({ apiOnly: true })
  const { items } = await cluster.client.list(componentStatuses)
  const message = 'Get "https://127.0.0.1:10259/healthz": dial tcp 127.0.0.1:10259: connect: connection refused'
  expect(items[0]?.conditions).toEqual([{ type: 'Healthy', status: 'False', message }])
  expect(items[2]?.conditions).toEqual(healthy)
})
