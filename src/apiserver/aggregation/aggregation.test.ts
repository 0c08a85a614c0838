import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { APIService } from '../../api/generated/apiregistration-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createAuthority } from '../../identity/authority.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { listen } from '../http/server.ts'
import { allowAll } from '../verbs/authorizer.ts'
import { API_SERVICES } from './remote-service.ts'

const environment = systemEnvironment('error')
const authority = createAuthority(environment, 'aggregated')

const FISH = {
  type: 'object',
  properties: { metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' } },
  'x-kubernetes-group-version-kind': [{ group: 'sea.example.com', version: 'v1', kind: 'Fish' }],
}
const reads = (definition: string) => ({
  get: { responses: { 200: { schema: { $ref: `#/definitions/${definition}` } } } },
})

/** How another server describes itself: with a kind of its own, one of a version that is not ours to ask it for, and a name that we have too. */
const DOCUMENTS: Readonly<Record<string, unknown>> = {
  '/openapi/v2': {
    swagger: '2.0',
    paths: {
      '/apis/sea.example.com/v1/fishes': reads('com.example.sea.v1.Fish'),
      '/apis/sea.example.com/v2/whales': reads('com.example.sea.v2.Whale'),
    },
    definitions: {
      'com.example.sea.v1.Fish': FISH,
      'com.example.sea.v2.Whale': { type: 'object' },
      'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { type: 'object', description: 'of another age' },
    },
  },
  '/openapi/v3': {
    paths: {
      'apis/sea.example.com/v1': { serverRelativeURL: '/openapi/v3/apis/sea.example.com/v1?hash=F' },
      'apis/sea.example.com/v2': { serverRelativeURL: '/openapi/v3/apis/sea.example.com/v2?hash=W' },
    },
  },
  '/openapi/v3/apis/sea.example.com/v1?hash=F': { openapi: '3.0.0', components: { schemas: { Fish: FISH } } },
}

/** Another API server: it tells whom it was told of. */
async function other() {
  const { certificate, key } = authority.issueServer('fish', ['fish.default.svc'])
  const server = createServer({ cert: certificate, key }, (request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url === '/apis/sea.example.com/v1') {
      const fish = { name: 'fishes', singularName: 'fish', namespaced: true, kind: 'Fish', verbs: ['list'] }
      return void response.end(JSON.stringify({ kind: 'APIResourceList', resources: [fish] }))
    }
    const document = DOCUMENTS[request.url ?? '']
    if (document !== undefined) return void response.end(JSON.stringify(document))
    const { 'x-remote-user': user, 'x-remote-group': groups, authorization } = request.headers
    response.statusCode = 418
    response.end(JSON.stringify({ url: request.url, user, groups, authorization }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

async function serve() {
  const port = await other()
  const store = createMemoryStore(environment)
  const api = await createApiServer({ environment, store, authorizer: allowAll })
  const create = (resource: string, key: string, object: object) =>
    store.commit([{ type: 'create', resource, key, object: object as KubeObject }])
  const metadata = { name: 'fish', namespace: 'default' }
  await create('services', 'default/fish', {
    kind: 'Service',
    metadata,
    spec: { ports: [{ port: 443, name: 'https' }] },
  })
  await create('endpointslices.discovery.k8s.io', 'default/fish', {
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'fish' } },
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'https', port }],
  })
  const caBundle = Buffer.from(authority.certificate).toString('base64')
  await create(API_SERVICES, 'v1.sea.example.com', {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1.sea.example.com' },
    spec: { ...VERSION, caBundle, service: { ...metadata, port: 443 } },
  })
  const authenticate = () => ({ name: 'ann', groups: ['crew', 'system:authenticated'] })
  const server = await listen({
    environment,
    verbs: api.verbs,
    catalog: api.registry,
    authorizer: allowAll,
    authenticator: { authenticate },
    aggregation: api.aggregation,
  })
  onTestFinished(() => server.close())
  return { api, store, url: server.url }
}

const VERSION = { group: 'sea.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 }

test("a request for another server's group is passed on with the identity that it was found to have", async () => {
  const { url } = await serve()
  const headers = { authorization: 'Bearer secret', 'x-remote-user': 'root' }
  const answer = await fetch(`${url}/apis/sea.example.com/v1/namespaces/a/fishes?limit=5`, { headers })
  expect(answer.status).toBe(418)
  expect(await answer.json()).toEqual({
    url: '/apis/sea.example.com/v1/namespaces/a/fishes?limit=5',
    user: 'ann',
    groups: 'crew, system:authenticated',
  })
})

test('discovery shows the groups of other servers in both forms', async () => {
  const { url } = await serve()
  const older = (await (await fetch(`${url}/apis`)).json()) as { groups: { name: string }[] }
  expect(older.groups.at(-1)).toMatchObject({ name: 'sea.example.com', preferredVersion: { version: 'v1' } })
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const newer = (await (await fetch(`${url}/apis`, { headers: { accept } })).json()) as { items: object[] }
  expect(newer.items.at(-1)).toMatchObject({
    metadata: { name: 'sea.example.com' },
    versions: [{ version: 'v1', freshness: 'Current', resources: [{ resource: 'fishes', scope: 'Namespaced' }] }],
  })
})

test('OpenAPI describes the groups of other servers: version 2 in the one document, version 3 by their own', async () => {
  const { url } = await serve()
  const second = await fetch(`${url}/openapi/v2`)
  const { paths, definitions } = (await second.json()) as Record<'paths' | 'definitions', Record<string, object>>
  expect(Object.keys(paths)).toEqual(['/apis/sea.example.com/v1/fishes'])
  const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
  // What both have under one name and mean differently is theirs under another.
  expect(definitions['com.example.sea.v1.Fish']).toMatchObject({
    properties: { metadata: { $ref: `#/definitions/${META}_v2` } },
  })
  expect([definitions[META], definitions[`${META}_v2`]]).toEqual([
    expect.objectContaining({ properties: expect.anything() as object }),
    { type: 'object', description: 'of another age' },
  ])
  expect([definitions['com.example.sea.v2.Whale'], definitions['io.k8s.api.core.v1.Pod']]).toEqual([
    undefined,
    expect.anything(),
  ])
  const headers = { 'if-none-match': second.headers.get('etag') ?? '' }
  expect((await fetch(`${url}/openapi/v2`, { headers })).status).toBe(304)
  const third = (await (await fetch(`${url}/openapi/v3`)).json()) as typeof INDEX
  expect(third.paths['apis/sea.example.com/v2']).toBeUndefined()
  expect(third.paths['apis/apps/v1']).toBeDefined()
  const { serverRelativeURL = '' } = third.paths['apis/sea.example.com/v1'] ?? {}
  const own = await (await fetch(url + serverRelativeURL)).json()
  expect(own).toEqual(DOCUMENTS['/openapi/v3/apis/sea.example.com/v1?hash=F'])
})

const INDEX = { paths: {} as Readonly<Record<string, { readonly serverRelativeURL: string }>> }

test('the status of an API service says whether its server is there', async () => {
  const { api, store } = await serve()
  const available = () => {
    const found = store.head().get(API_SERVICES, 'v1.sea.example.com')?.object as APIService
    return found.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason ?? ''}`)
  }
  await api.aggregation.followAll()
  await expect.poll(available).toEqual(['Available=True Passed'])
  await store.commit([{ type: 'delete', resource: 'endpointslices.discovery.k8s.io', key: 'default/fish' }])
  await api.aggregation.followAll()
  await expect.poll(available).toEqual(['Available=False MissingEndpoints'])
})
