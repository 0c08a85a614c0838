import { expect, test } from 'vitest'
import type { Pod, ResourceQuota } from '../../api/generated/core-v1.ts'
import { configMaps, pods, resourceQuotas, serviceAccounts, services } from '../../api/generated/resources.ts'
import { podAmounts } from '../../api/quota/pod-usage.ts'
import { quotaUsage } from '../../api/quota/quota-usage.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { allowAll } from '../verbs/authorizer.ts'

async function start() {
  const environment = systemEnvironment('error')
  const server = await createApiServer({ environment, store: createMemoryStore(environment), authorizer: allowAll })
  const client = createDirectClient(server, { user: { name: 'ann', groups: [] } })
  const metadata = { name: 'default', namespace: 'default' }
  await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
  return client
}

type Client = Awaited<ReturnType<typeof start>>

/** A quota as it is once its controller has seen it. */
async function createQuota(client: Client, hard: Readonly<Record<string, string>>, used: object = {}): Promise<void> {
  await client.create(resourceQuotas, quota(hard))
  const nothing = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']))
  const status = { hard, used: { ...nothing, ...used } }
  const key = { name: 'q', namespace: 'default' }
  await client.patch(resourceQuotas, key, { type: 'merge', patch: { status } }, { subresource: 'status' })
}

const quota = (hard: object, more: object = {}): ResourceQuota =>
  ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard, ...more },
  }) as ResourceQuota

const pod = (name: string, resources: object = {}, more: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'busybox', resources }], ...more },
  }) as Pod

test('what goes beyond a quota is refused with what was asked for, used and allowed', async () => {
  const client = await start()
  await createQuota(client, { pods: '2', 'requests.cpu': '1' })
  await client.create(pods, pod('a', { requests: { cpu: '600m' } }))
  await expect(client.create(pods, pod('b', { requests: { cpu: '500m' } }))).rejects.toMatchObject({
    code: 403,
    message:
      'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
  })
  await client.create(pods, pod('b', { requests: { cpu: '400m' } }))
  await expect(client.create(pods, pod('c', { requests: { cpu: '0' } }))).rejects.toThrow('pods=1, used: pods=2')
})

test('a quota on cpu or memory wants every container to say how much', async () => {
  const client = await start()
  await createQuota(client, { 'limits.memory': '1Gi', cpu: '1' })
  await expect(client.create(pods, pod('a'))).rejects.toThrow(
    'pods "a" is forbidden: failed quota: q: must specify cpu for: main; limits.memory for: main',
  )
})

test('of writes made at once no more than the quota allows succeed', async () => {
  const client = await start()
  await createQuota(client, { 'count/configmaps': '4' })
  const names = Array.from({ length: 10 }, (_, i) => `m${i}`)
  const object = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } })
  const results = await Promise.allSettled(names.map((name) => client.create(configMaps, object(name))))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
})

const used = async (client: Client) =>
  (await client.get(resourceQuotas, { name: 'q', namespace: 'default' })).status?.used

test('what is written is charged at once, and a dry run is not', async () => {
  const client = await start()
  await createQuota(client, { pods: '5', 'requests.cpu': '1', services: '2', 'services.nodeports': '2' })
  await client.create(pods, pod('a', { requests: { cpu: '600m' } }))
  expect(await used(client)).toEqual({ pods: '1', 'requests.cpu': '600m', services: '0', 'services.nodeports': '0' })
  await client.create(pods, pod('b', { requests: { cpu: '1m' } }), { dryRun: true })
  const key = { name: 's', namespace: 'default' }
  await client.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: key,
    spec: { ports: [{ port: 80 }] },
  } as never)
  expect(await used(client)).toMatchObject({ pods: '1', services: '1' })
  const turn = (type: string) => client.patch(services, key, { type: 'merge', patch: { spec: { type } } })
  await turn('NodePort')
  expect(await used(client)).toMatchObject({ 'services.nodeports': '1' })
  await turn('ClusterIP')
  expect(await used(client)).toMatchObject({ 'services.nodeports': '0' })
})

test('what a quota is said to have used counts, whatever there is; of what it does not know nothing is written', async () => {
  const client = await start()
  await createQuota(client, { pods: '1' }, { pods: '1' })
  await expect(client.create(pods, pod('a'))).rejects.toThrow(
    'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
  )
  const key = { name: 'q', namespace: 'default' }
  const status = { hard: { pods: '1' }, used: null }
  await client.patch(resourceQuotas, key, { type: 'merge', patch: { status } }, { subresource: 'status' })
  await expect(client.create(pods, pod('a'))).rejects.toThrow(
    'pods "a" is forbidden: status unknown for quota: q, resources: pods',
  )
})

test('scopes choose which pods count', () => {
  const some = [pod('a'), pod('b', { requests: { cpu: '1' } }), pod('c', {}, { activeDeadlineSeconds: 5 })]
  const usedIn = (...scopes: string[]) => quotaUsage(quota({ pods: '9' }, { scopes }), () => some)
  expect(usedIn('BestEffort')).toEqual({ pods: '2' })
  expect(usedIn('NotBestEffort')).toEqual({ pods: '1' })
  expect(usedIn('BestEffort', 'Terminating')).toEqual({ pods: '1' })
})

test('a pod that has ended counts as an object only', () => {
  const ended = { ...pod('a', { requests: { cpu: '1' } }), status: { phase: 'Succeeded' } }
  const hard = { pods: '1', 'count/pods': '1', 'requests.cpu': '1' }
  expect(quotaUsage(quota(hard), () => [ended])).toEqual({ pods: '0', 'count/pods': '1', 'requests.cpu': '0' })
})

test('a pod asks for the sum of its containers, or for what one init container needs beside the sidecars before it', () => {
  const asks = (cpu: string, more: object = {}) => ({ name: 'x', resources: { requests: { cpu } }, ...more })
  const spec = {
    containers: [asks('1'), asks('2')],
    initContainers: [asks('1', { restartPolicy: 'Always' }), asks('4')],
  }
  expect(podAmounts(spec as never, 'requests')).toEqual({ cpu: '5' })
})
