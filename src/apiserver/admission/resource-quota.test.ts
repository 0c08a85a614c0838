import { expect, test } from 'vitest'
import type { Pod, ResourceQuota } from '../../api/generated/core-v1.ts'
import { configMaps, pods, resourceQuotas, serviceAccounts } from '../../api/generated/resources.ts'
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
  await client.create(resourceQuotas, quota({ pods: '2', 'requests.cpu': '1' }))
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
  await client.create(resourceQuotas, quota({ 'limits.memory': '1Gi', cpu: '1' }))
  await expect(client.create(pods, pod('a'))).rejects.toThrow(
    'pods "a" is forbidden: failed quota: q: must specify cpu for: main; limits.memory for: main',
  )
})

test('of writes made at once no more than the quota allows succeed', async () => {
  const client = await start()
  await client.create(resourceQuotas, quota({ 'count/configmaps': '4' }))
  const names = Array.from({ length: 10 }, (_, i) => `m${i}`)
  const object = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } })
  const results = await Promise.allSettled(names.map((name) => client.create(configMaps, object(name))))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
})

test('scopes choose which pods count', () => {
  const some = [pod('a'), pod('b', { requests: { cpu: '1' } }), pod('c', {}, { activeDeadlineSeconds: 5 })]
  const used = (...scopes: string[]) => quotaUsage(quota({ pods: '9' }, { scopes }), () => some)
  expect(used('BestEffort')).toEqual({ pods: '2' })
  expect(used('NotBestEffort')).toEqual({ pods: '1' })
  expect(used('BestEffort', 'Terminating')).toEqual({ pods: '1' })
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
