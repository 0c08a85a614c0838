import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node'
import type { V1ConfigMap, V1Deployment } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import { startApiServer } from '../api-server.ts'
import type { TestServer } from '../api-server.ts'

/** The official JavaScript client, as its users have it. */
let server: TestServer
const config = new KubeConfig()
const namespace = 'default'

beforeAll(async () => {
  server = await startApiServer()
  config.loadFromString(formatKubeconfig({ name: 'test', endpoint: server.admin, namespace }))
})
afterAll(() => server[Symbol.asyncDispose]())

const configMap = (name: string, data: Record<string, string>): V1ConfigMap => ({ metadata: { name }, data })

test('creates, reads, replaces, patches, lists and deletes', async () => {
  const core = config.makeApiClient(CoreV1Api)
  const made = await core.createNamespacedConfigMap({ namespace, body: configMap('crud', { a: '1' }) })
  expect(made.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/)
  const replaced = await core.replaceNamespacedConfigMap({
    name: 'crud',
    namespace,
    body: { ...made, data: { a: '2' } },
  })
  expect(replaced.data).toEqual({ a: '2' })
  const stale = core.replaceNamespacedConfigMap({ name: 'crud', namespace, body: { ...made, data: { a: '3' } } })
  await expect(stale).rejects.toMatchObject({ code: 409 })
  const patched = await core.patchNamespacedConfigMap(
    { name: 'crud', namespace, body: { data: { b: '4' } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  )
  expect(patched.data).toEqual({ a: '2', b: '4' })
  const list = await core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=crud' })
  expect(list.items.map(({ metadata }) => metadata?.name)).toEqual(['crud'])
  await core.deleteNamespacedConfigMap({ name: 'crud', namespace })
  await expect(core.readNamespacedConfigMap({ name: 'crud', namespace })).rejects.toMatchObject({ code: 404 })
})

test('applies at the server, and is told of conflicts', async () => {
  const apps = config.makeApiClient(AppsV1Api)
  const deployment = (replicas: number): V1Deployment => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'applied' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'x' } },
      template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'b' }] } },
    },
  })
  const applied = (replicas: number, fieldManager: string) =>
    apps.patchNamespacedDeployment(
      { name: 'applied', namespace, fieldManager, body: deployment(replicas) },
      setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
    )
  expect((await applied(2, 'one')).spec?.replicas).toBe(2)
  await expect(applied(3, 'two')).rejects.toMatchObject({ code: 409 })
  expect((await applied(4, 'one')).metadata?.generation).toBe(2)
})

test('creates, reads and deletes objects whose kinds it learns from discovery', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config)
  const object = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'found', namespace } }
  await objects.create({ ...object, spec: { podSelector: {} } } as never)
  expect(await objects.read(object as never)).toMatchObject({ spec: { policyTypes: ['Ingress'] } })
  await objects.delete(object as never)
})

test('watches what changes', async () => {
  const core = config.makeApiClient(CoreV1Api)
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const seen: string[] = []
  const ended = Promise.withResolvers<void>()
  const query = { fieldSelector: 'metadata.name=watched' }
  const abort = await new Watch(config).watch(
    path,
    query,
    (type) => {
      seen.push(type)
      if (type === 'DELETED') ended.resolve()
    },
    () => ended.resolve(),
  )
  await core.createNamespacedConfigMap({ namespace, body: configMap('watched', {}) })
  await core.deleteNamespacedConfigMap({ name: 'watched', namespace })
  await ended.promise
  abort.abort()
  expect(seen).toEqual(['ADDED', 'DELETED'])
})

test('keeps a copy by an informer', async () => {
  const core = config.makeApiClient(CoreV1Api)
  const list = () => core.listNamespacedConfigMap({ namespace })
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list)
  const added = Promise.withResolvers<void>()
  informer.on('add', ({ metadata }: V1ConfigMap) => {
    if (metadata?.name === 'informed') added.resolve()
  })
  await informer.start()
  await core.createNamespacedConfigMap({ namespace, body: configMap('informed', { a: '1' }) })
  await added.promise
  expect(informer.get('informed', namespace)?.data).toEqual({ a: '1' })
  await informer.stop()
})
