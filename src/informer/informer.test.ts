import { expect, test } from 'vitest'
import type { ConfigMap } from '../api/generated/core-v1.ts'
import { configMaps } from '../api/generated/resources.ts'
import { apiError } from '../api/meta/status.ts'
import type { KubeObject } from '../api/object.ts'
import { createApiServer } from '../apiserver/api-server.ts'
import { createDirectClient } from '../apiserver/direct-client.ts'
import { allowAll } from '../apiserver/verbs/authorizer.ts'
import type { Client, WatchHandler } from '../client/client.ts'
import { systemEnvironment } from '../env/system.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createInformer } from './informer.ts'
import type { Informer } from './informer.ts'
import { InformersNotSyncedError, whenSynced } from './synced.ts'

const env = systemEnvironment('error')

/** The real server, reached through a connection that a test can cut. */
async function serverWithCuts() {
  const store = createMemoryStore(env)
  const server = await createApiServer({ environment: env, store, authorizer: allowAll })
  const client = createDirectClient(server, { user: { name: 'system:admin', groups: ['system:masters'] } })
  const open = new Map<WatchHandler<never>, () => void>()
  const asked = { lists: 0, watches: [] as (string | undefined)[] }
  const cuttable: Client = {
    ...client,
    list(type, options) {
      asked.lists += 1
      return client.list(type, options)
    },
    watch(type, options, handler) {
      asked.watches.push(options.resourceVersion)
      const watch = client.watch(type, options, handler)
      open.set(handler as unknown as WatchHandler<never>, () => watch.close())
      return watch
    },
  }
  const cut = (error?: Error) => {
    for (const [handler, close] of open) {
      open.delete(handler)
      close()
      handler.closed(error)
    }
  }
  return { client, cuttable, cut, asked }
}

function map(name: string, data: Record<string, string> = {}): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data }
}

function heardBy(informer: Informer<ConfigMap>): string[] {
  const heard: string[] = []
  const say = (what: string) => (object: KubeObject) => void heard.push(`${what} ${object.metadata.name}`)
  informer.listen({ added: say('added'), updated: say('updated'), deleted: say('deleted') })
  return heard
}

function until(informer: Informer<ConfigMap>, isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    informer.listen({ settled: () => void (isSo() && resolve()) })
  })
}

test('an informer tells of what is there, then of each change with the state before, and its objects are frozen', async () => {
  const { client } = await serverWithCuts()
  const created = await client.create(configMaps, map('a'))
  await using informer = createInformer(env, client, configMaps, { namespace: 'default' })
  const heard = heardBy(informer)
  const updates: (string | undefined)[] = []
  informer.listen({ updated: (next, previous) => void updates.push(previous.data?.['x'], next.data?.['x']) })
  await informer.synced
  await client.update(configMaps, { ...created, data: { x: '1' } })
  await client.create(configMaps, map('b'))
  await client.delete(configMaps, { namespace: 'default', name: 'a' })
  await until(informer, () => heard.includes('deleted a'))
  expect(heard).toEqual(['added a', 'updated a', 'added b', 'deleted a'])
  expect(updates).toEqual([undefined, '1'])
  expect(Object.isFrozen(informer.get({ namespace: 'default', name: 'b' })!.metadata)).toBe(true)
  expect(informer.list('default').map((object) => object.metadata.name)).toEqual(['b'])
})

test('an informer whose watch is cut goes on from the last version, without a new list', async () => {
  const { client, cuttable, cut, asked } = await serverWithCuts()
  await using informer = createInformer(env, cuttable, configMaps, { namespace: 'default' })
  await informer.synced
  await client.create(configMaps, map('a'))
  await until(informer, () => informer.size === 1)
  const version = informer.resourceVersion
  cut()
  await client.create(configMaps, map('b'))
  await until(informer, () => informer.size === 2)
  expect(asked.lists).toBe(1)
  expect(asked.watches.at(-1)).toBe(version)
})

test('an informer whose version is forgotten (410) lists again and tells only of the differences', async () => {
  const { client, cuttable, cut, asked } = await serverWithCuts()
  await client.create(configMaps, map('kept'))
  await client.create(configMaps, map('lost'))
  await using informer = createInformer(env, cuttable, configMaps, { namespace: 'default' })
  await informer.synced
  const heard = heardBy(informer)
  heard.length = 0
  cut(apiError('Expired', 'too old resource version'))
  await client.delete(configMaps, { namespace: 'default', name: 'lost' })
  await client.create(configMaps, map('new'))
  await until(informer, () => heard.includes('added new') && heard.includes('deleted lost'))
  expect(heard).toHaveLength(2)
  expect(asked.lists).toBe(2)
})

test('an object that was deleted and created anew while nobody looked is told as both', async () => {
  const { client, cuttable, cut } = await serverWithCuts()
  await client.create(configMaps, map('a'))
  await using informer = createInformer(env, cuttable, configMaps, { namespace: 'default' })
  await informer.synced
  const heard = heardBy(informer)
  cut(apiError('Expired', 'too old resource version'))
  await client.delete(configMaps, { namespace: 'default', name: 'a' })
  await client.create(configMaps, map('a'))
  await until(informer, () => heard.length === 3)
  expect(heard).toEqual(['added a', 'deleted a', 'added a'])
})

test('a cache that is late is named, with what it does and why', async () => {
  const { client } = await serverWithCuts()
  const refused: Client = { ...client, list: () => Promise.reject(new Error('connection refused')) }
  await using informer = createInformer(env, refused, configMaps)
  const error = await whenSynced(env, [informer], 20).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(InformersNotSyncedError)
  expect((error as InformersNotSyncedError).waitingFor[0]).toContain('configmaps: connection refused')
})

test('a listener that throws does not keep others from hearing', async () => {
  const { client } = await serverWithCuts()
  await client.create(configMaps, map('a'))
  const silent = { ...env, log: systemEnvironment('error').log.with({}) }
  await using informer = createInformer({ ...silent, log: { ...silent.log, with: () => quiet } }, client, configMaps, {
    namespace: 'default',
  })
  informer.listen({
    added() {
      throw new Error('no')
    },
  })
  const heard = heardBy(informer)
  await informer.synced
  expect(heard).toEqual(['added a'])
})

const quiet = { debug() {}, info() {}, warn() {}, error() {}, with: () => quiet }
