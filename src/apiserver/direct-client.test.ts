import { expect, test } from 'vitest'
import type { ConfigMap, Pod } from '../api/generated/core-v1.ts'
import {
  configMaps,
  deployments,
  namespaces,
  pods,
  priorityClasses,
  serviceAccounts,
  services,
} from '../api/generated/resources.ts'
import type { KubeObject } from '../api/object.ts'
import type { WatchEvent } from '../client/client.ts'
import { systemEnvironment } from '../env/system.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createApiServer } from './api-server.ts'
import { createDirectClient } from './direct-client.ts'
import { allowAll } from './verbs/authorizer.ts'

async function start() {
  const environment = systemEnvironment('error')
  const store = createMemoryStore(environment)
  const server = await createApiServer({ environment, store, authorizer: allowAll })
  const warnings: string[] = []
  const user = { name: 'admin', groups: ['system:masters'] }
  const client = createDirectClient(server, { user, userAgent: 'test/1', warn: (text) => warnings.push(text) })
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } }
  await client.create(serviceAccounts, account)
  return { server, client, warnings, store }
}

const configMap = (name: string, more: Partial<ConfigMap> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  data: { a: '1' },
  ...more,
  metadata: { name, namespace: 'default', ...more.metadata },
})

const pod = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'main', image: 'busybox:1.36' }] },
})

const inDefault = (name: string) => ({ namespace: 'default', name })

test('a new server has the objects that every cluster has', async () => {
  const { client } = await start()
  const found = await client.list(namespaces)
  expect(found.items.map((one) => one.metadata.name)).toEqual([
    'default',
    'kube-node-lease',
    'kube-public',
    'kube-system',
  ])
  const service = await client.get(services, inDefault('kubernetes'))
  expect(service.spec?.clusterIP).toMatch(/^10\./)
  const critical = await client.get(priorityClasses, { name: 'system-node-critical' })
  expect(critical.value).toBe(2_000_001_000)
})

test('create, get, update and delete pass one object through its life', async () => {
  const { client } = await start()
  const made = await client.create(configMaps, configMap('a'))
  expect(made.metadata).toMatchObject({
    name: 'a',
    namespace: 'default',
    uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
  expect(await client.get(configMaps, inDefault('a'))).toBe(made)
  const changed = await client.update(configMaps, { ...made, data: { a: '2' } })
  expect(Number(changed.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion))
  await expect(client.update(configMaps, { ...made, data: { a: '3' } })).rejects.toMatchObject({
    message:
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    code: 409,
  })
  expect(await client.update(configMaps, changed)).toBe(changed)
  expect(await client.delete(configMaps, inDefault('a'))).toMatchObject({
    kind: 'Status',
    status: 'Success',
    details: { kind: 'configmaps', name: 'a', uid: made.metadata.uid },
  })
  await expect(client.get(configMaps, inDefault('a'))).rejects.toMatchObject({ message: 'configmaps "a" not found' })
})

test('creating the same name twice, or in a namespace that is not there, is refused in the words of Kubernetes', async () => {
  const { client } = await start()
  await client.create(configMaps, configMap('a'))
  await expect(client.create(configMaps, configMap('a'))).rejects.toMatchObject({
    message: 'configmaps "a" already exists',
    reason: 'AlreadyExists',
  })
  const lost = configMap('a', { metadata: { namespace: 'nowhere', name: 'a' } })
  await expect(client.create(configMaps, lost)).rejects.toMatchObject({ message: 'namespaces "nowhere" not found' })
})

test('a dry run leaves nothing', async () => {
  const { client } = await start()
  const dry = await client.create(configMaps, configMap('dry'), { dryRun: true })
  expect(dry.metadata.resourceVersion).toBeUndefined()
  await expect(client.get(configMaps, inDefault('dry'))).rejects.toMatchObject({ reason: 'NotFound' })
})

test('an object with a finalizer is marked, keeps out new finalizers and goes with its last one', async () => {
  const { client } = await start()
  await client.create(
    configMaps,
    configMap('f', { metadata: { name: 'f', namespace: 'default', finalizers: ['example.com/x'] } }),
  )
  const marked = (await client.delete(configMaps, inDefault('f'))) as ConfigMap
  expect(marked.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, deletionTimestamp: expect.any(String) })
  const patch = (finalizers: string[]) => ({ type: 'merge' as const, patch: { metadata: { finalizers } } })
  await expect(
    client.patch(configMaps, inDefault('f'), patch(['example.com/x', 'example.com/y'])),
  ).rejects.toMatchObject({
    reason: 'Invalid',
  })
  await client.patch(configMaps, inDefault('f'), patch([]))
  await expect(client.get(configMaps, inDefault('f'))).rejects.toMatchObject({ reason: 'NotFound' })
})

test('a pod without a node goes at once, one with a node keeps its grace period', async () => {
  const { client } = await start()
  const made = await client.create(pods, pod('p'))
  expect(made.spec?.serviceAccountName).toBe('default')
  expect(made.spec?.tolerations).toHaveLength(2)
  expect(made.spec?.volumes?.[0]?.name).toMatch(/^kube-api-access-/)
  expect(((await client.delete(pods, inDefault('p'))) as Pod).metadata.generation).toBe(2)
  await client.create(pods, pod('q'))
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'q' }, target: { kind: 'Node', name: 'n1' } }
  await client.createSubresource(pods, inDefault('q'), 'binding', binding as KubeObject)
  await expect(client.createSubresource(pods, inDefault('q'), 'binding', binding as KubeObject)).rejects.toMatchObject({
    message: 'Operation cannot be fulfilled on pods/binding "q": pod q is already assigned to node "n1"',
  })
  const ending = (await client.delete(pods, inDefault('q'))) as Pod
  expect(ending.metadata.deletionGracePeriodSeconds).toBe(30)
  expect((await client.get(pods, inDefault('q'))).spec?.nodeName).toBe('n1')
  await client.delete(pods, inDefault('q'), { gracePeriodSeconds: 0 })
  await expect(client.get(pods, inDefault('q'))).rejects.toMatchObject({ reason: 'NotFound' })
})

test('a list comes in pages that agree with the first, whatever is written between them', async () => {
  const { client } = await start()
  for (const name of ['a', 'b', 'c', 'd']) await client.create(configMaps, configMap(name))
  const first = await client.list(configMaps, { namespace: 'default', limit: 2 })
  expect(first.metadata.remainingItemCount).toBe(2)
  await client.delete(configMaps, inDefault('c'))
  const next = first.metadata.continue ?? ''
  const second = await client.list(configMaps, { namespace: 'default', limit: 2, continue: next })
  expect(second.items.map((one) => one.metadata.name)).toEqual(['c', 'd'])
  expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
  expect(second.metadata.continue).toBeUndefined()
})

test('a watch tells what happens after a list, and a namespace on its way out takes nothing new', async () => {
  const { client } = await start()
  const list = await client.list(configMaps)
  const seen: string[] = []
  const done = Promise.withResolvers<void>()
  const events = (batch: readonly WatchEvent[]) => {
    seen.push(...batch.map((event) => event.type))
    if (seen.length === 3) done.resolve()
  }
  const { resourceVersion = '' } = list.metadata
  const watch = client.watch(configMaps, { resourceVersion }, { events, closed: done.reject })
  const made = await client.create(configMaps, configMap('w'))
  await client.update(configMaps, { ...made, data: { b: '2' } })
  await client.delete(configMaps, inDefault('w'))
  await done.promise
  watch.close()
  expect(seen).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } })
  await client.delete(namespaces, { name: 'x' })
  const late = configMap('late', { metadata: { name: 'late', namespace: 'x' } })
  await expect(client.create(configMaps, late)).rejects.toMatchObject({
    message:
      'configmaps "late" is forbidden: unable to create new content in namespace x because it is being terminated',
  })
})

test('scale writes replicas and bumps the generation; foreground deletion waits', async () => {
  const { client } = await start()
  const labels = { app: 'd' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'nginx' }] } }
  const spec = { replicas: 0, selector: { matchLabels: labels }, template }
  const metadata = { name: 'd', namespace: 'default' }
  await client.create(deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec })
  const change = { type: 'merge' as const, patch: { spec: { replicas: 3 } } }
  const scale = await client.patch(deployments, inDefault('d'), change, { subresource: 'scale' })
  expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 3 }, status: { replicas: 0, selector: 'app=d' } })
  expect((await client.get(deployments, inDefault('d'))).metadata.generation).toBe(2)
  const waiting = await client.delete(deployments, inDefault('d'), { propagationPolicy: 'Foreground' })
  expect(waiting.metadata).toMatchObject({ finalizers: ['foregroundDeletion'], generation: 3 })
})
