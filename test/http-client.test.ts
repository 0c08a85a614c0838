import { afterAll, beforeAll, expect, test } from 'vitest'
import { configMaps } from '../src/api/generated/resources.ts'
import type { WatchEvent } from '../src/client/client.ts'
import { createHttpClient } from '../src/client/http.ts'
import type { HttpClient } from '../src/client/http.ts'
import { formatKubeconfig, parseKubeconfig } from '../src/client/kubeconfig.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'

let server: TestServer
let client: HttpClient

beforeAll(async () => {
  server = await startApiServer()
  const kubeconfig = formatKubeconfig({ name: 'test', endpoint: server.admin, namespace: 'default' })
  client = createHttpClient((await parseKubeconfig(kubeconfig)).endpoint)
})

afterAll(async () => {
  client.close()
  await server[Symbol.asyncDispose]()
})

const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } })

test('a client from our kubeconfig writes, reads, watches and deletes over HTTPS', async () => {
  const { metadata } = await client.list(configMaps, { namespace: 'default' })
  const events: WatchEvent[] = []
  const seen = Promise.withResolvers<void>()
  const options = { namespace: 'default', resourceVersion: metadata.resourceVersion ?? '' }
  const watch = client.watch(configMaps, options, {
    events(batch) {
      events.push(...batch)
      if (events.length >= 3) seen.resolve()
    },
    closed: (error) => seen.reject(error ?? new Error('closed')),
  })
  const created = await client.create(configMaps, { ...configMap('a'), data: { x: '1' } })
  const key = { namespace: 'default', name: 'a' }
  await client.patch(configMaps, key, { type: 'merge', patch: { data: { x: '2' } } })
  expect((await client.get(configMaps, key)).data).toEqual({ x: '2' })
  await expect(client.update(configMaps, created)).rejects.toMatchObject({ reason: 'Conflict', code: 409 })
  const { items } = await client.list(configMaps, { namespace: 'default' })
  expect(items.map(({ kind, metadata: { name } }) => [kind, name])).toEqual([['ConfigMap', 'a']])
  await client.delete(configMaps, key)
  await seen.promise
  watch.close()
  expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
  await expect(client.get(configMaps, key)).rejects.toMatchObject({ reason: 'NotFound' })
})

test('a watch from a version that never was ends with Expired', async () => {
  const ended = Promise.withResolvers<Error | undefined>()
  client.watch(configMaps, { resourceVersion: '1' }, { events: () => {}, closed: ended.resolve })
  expect(await ended.promise).toMatchObject({ reason: 'Expired', code: 410 })
})

test('a wrong token is Unauthorized, and nobody in particular may not list', async () => {
  const { clientCertificate: _, clientKey: __, ...nobody } = server.admin
  using anonymous = createHttpClient(nobody)
  await expect(anonymous.list(configMaps)).rejects.toMatchObject({ code: 403 })
  expect(await anonymous.getPath('/version')).toMatchObject({ gitVersion: 'v1.34.4' })
  using wrong = createHttpClient({ ...nobody, token: 'wrong' })
  await expect(wrong.list(configMaps)).rejects.toMatchObject({ reason: 'Unauthorized', code: 401 })
})
