import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import { customResourceDefinitions } from '../../api/generated/resources.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { WatchEvent } from '../../client/client.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createAuthority } from '../../identity/authority.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { allowAll } from '../verbs/authorizer.ts'

/** Version 1 says `hostPort: "h:1"`, version 2 says `host` and `port`. */
interface Tab extends KubeObject {
  readonly hostPort?: string
  readonly host?: string
  readonly port?: string
}

const tabs = (version: string) =>
  ({ group: 'example.com', version, plural: 'tabs', kind: 'Tab', namespaced: true }) as ResourceType<Tab>

const environment = systemEnvironment('error')
const authority = createAuthority(environment, 'webhooks')

interface Review {
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Tab[] }
}
type Respond = (review: Review) => object

function converted({ request }: Review): object {
  const convertedObjects = request.objects.map(({ hostPort, host, port, ...rest }) => {
    const apiVersion = request.desiredAPIVersion
    if (apiVersion.endsWith('v1')) return { ...rest, apiVersion, hostPort: `${host ?? ''}:${port ?? ''}` }
    const [h, p] = (hostPort ?? ':').split(':')
    return { ...rest, apiVersion, host: h, port: p }
  })
  return { uid: request.uid, convertedObjects, result: { status: 'Success' } }
}

async function start() {
  let respond: Respond = converted
  const counts: number[] = []
  const { certificate, key } = authority.issueServer('hook', ['localhost'])
  const server = createServer({ cert: certificate, key }, (request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const review = JSON.parse(text) as Review & { apiVersion: string; kind: string }
      counts.push(review.request.objects.length)
      const { apiVersion, kind } = review
      response.end(JSON.stringify({ apiVersion, kind, response: respond(review) }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const store = createMemoryStore(environment)
  const api = await createApiServer({ environment, store, authorizer: allowAll })
  const client = createDirectClient(api, { user: { name: 'a', groups: [] } })
  const { port } = server.address() as AddressInfo
  await client.create(customResourceDefinitions, definition(port))
  return { client, store, counts, port, answer: (next: Respond) => (respond = next) }
}

function definition(port: number): CustomResourceDefinition {
  const string = { type: 'string' }
  const version = (name: string, storage: boolean, properties: object) => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: { type: 'object', properties } },
    selectableFields: Object.keys(properties).map((field) => ({ jsonPath: `.${field}` })),
  })
  const caBundle = Buffer.from(authority.certificate).toString('base64')
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'tabs.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'tabs', singular: 'tab', kind: 'Tab' },
      versions: [
        version('v1', true, { hostPort: string }),
        version('v2', false, { host: { ...string, maxLength: 8 }, port: string }),
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          conversionReviewVersions: ['v1'],
          clientConfig: { url: `https://localhost:${port}/convert`, caBundle },
        },
      },
    },
  } as unknown as CustomResourceDefinition
}

const newer = (name: string, host: string): Tab => ({
  apiVersion: 'example.com/v2',
  kind: 'Tab',
  metadata: { name, namespace: 'default' },
  host,
  port: '1',
})
const key = { namespace: 'default', name: 'a' }

test('an object is written in one version, stored in another and read in both, as its webhook converts it', async () => {
  const { client, store, counts } = await start()
  const made = await client.create(tabs('v2'), newer('a', 'x'))
  expect(made).toMatchObject({ apiVersion: 'example.com/v2', host: 'x', port: '1' })
  expect(store.head().get('tabs.example.com', 'default/a')?.object).toMatchObject({
    apiVersion: 'example.com/v1',
    hostPort: 'x:1',
  })
  expect(await client.get(tabs('v1'), key)).toMatchObject({ apiVersion: 'example.com/v1', hostPort: 'x:1' })
  const patched = await client.patch(tabs('v2'), key, { type: 'merge', patch: { host: 'y' } })
  expect(patched).toMatchObject({ host: 'y', port: '1' })
  const updated = await client.update(tabs('v2'), { ...patched, port: '2' })
  expect(updated.metadata.generation).toBe(3)
  expect((await client.get(tabs('v1'), key)).hostPort).toBe('y:2')
  await expect(
    client.patch(tabs('v2'), key, { type: 'merge', patch: { host: 'much too long' } }),
  ).rejects.toMatchObject({
    message: expect.stringContaining('Tab.example.com "a" is invalid: host: Too long') as string,
  })
  const before = counts.length
  await client.get(tabs('v2'), key)
  expect(counts.length).toBe(before)
})

test('a list asks the webhook once for all objects, and a watch tells of them in its own version', async () => {
  const { client, counts } = await start()
  for (const name of ['a', 'b', 'c']) {
    await client.create(tabs('v1'), { ...newer(name, ''), apiVersion: 'example.com/v1', hostPort: `${name}:1` })
  }
  expect(counts).toEqual([])
  const list = await client.list(tabs('v2'))
  expect(list.items.map(({ host }) => host)).toEqual(['a', 'b', 'c'])
  expect(counts).toEqual([3])
  const events: WatchEvent[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const watching = client.watch(
    tabs('v2'),
    { resourceVersion: list.metadata.resourceVersion ?? '' },
    { events: (some) => void (events.push(...some), resolve()), closed: () => {} },
  )
  await client.patch(tabs('v1'), key, { type: 'merge', patch: { hostPort: 'z:9' } })
  await promise
  watching.close()
  expect(events[0]).toMatchObject({ type: 'MODIFIED', object: { apiVersion: 'example.com/v2', host: 'z', port: '9' } })
})

// A definition's selectable fields are those of each version: objects are selected in the version that is asked for.
test('objects are selected by fields as their webhook converts them, in lists and in watches', async () => {
  const { client } = await start()
  for (const [name, host] of [
    ['a', 'x'],
    ['b', 'x'],
    ['c', 'y'],
  ] as const)
    await client.create(tabs('v2'), newer(name, host))
  const namesOf = async (version: string, fieldSelector: string) =>
    (await client.list(tabs(version), { namespace: 'default', fieldSelector })).items.map(
      ({ metadata }) => metadata.name,
    )
  expect(await namesOf('v2', 'host=x')).toEqual(['a', 'b'])
  expect(await namesOf('v2', 'host=x,port!=1')).toEqual([])
  expect(await namesOf('v1', 'hostPort=y:1')).toEqual(['c'])

  const events: string[] = []
  const last = Promise.withResolvers<void>()
  const watching = client.watch(
    tabs('v2'),
    { namespace: 'default', fieldSelector: 'host=x' },
    {
      events(some) {
        for (const { type, object } of some)
          events.push(
            `${type} ${object.metadata.name ?? ''} ${(object as Tab).host ?? ''}:${(object as Tab).port ?? ''}`,
          )
        if (events.at(-1)?.startsWith('DELETED b') === true) last.resolve()
      },
      closed: () => {},
    },
  )
  const at = (name: string) => ({ namespace: 'default', name })
  await client.patch(tabs('v1'), at('c'), { type: 'merge', patch: { hostPort: 'x:2' } })
  await client.patch(tabs('v1'), at('c'), { type: 'merge', patch: { hostPort: 'x:3' } })
  await client.patch(tabs('v1'), at('a'), { type: 'merge', patch: { hostPort: 'z:1' } })
  await client.patch(tabs('v1'), at('a'), { type: 'merge', patch: { hostPort: 'z:2' } })
  await client.delete(tabs('v2'), at('b'))
  await last.promise
  watching.close()
  expect(events).toEqual([
    'ADDED a x:1',
    'ADDED b x:1',
    'ADDED c x:2',
    'MODIFIED c x:3',
    'DELETED a x:1',
    'DELETED b x:1',
  ])
})

test('a webhook that fails, or changes what it must not, fails the request in the words of Kubernetes', async () => {
  const { client, answer } = await start()
  await client.create(tabs('v1'), { ...newer('a', ''), apiVersion: 'example.com/v1', hostPort: 'a:1' })
  const refusal = async (respond: Respond) => {
    answer(respond)
    return client.get(tabs('v2'), key).then(
      () => 'no refusal',
      (error: Error) => error.message,
    )
  }
  const hook = 'conversion webhook for example.com/v1, Kind=Tab'
  const { uid } = await client.get(tabs('v1'), key).then(({ metadata }) => metadata)
  expect(await refusal(({ request }) => ({ uid: request.uid, result: { status: 'Failed', message: 'no luck' } }))).toBe(
    `${hook} failed: no luck`,
  )
  expect(await refusal(({ request }) => ({ uid: request.uid, result: { status: 'Failed' } }))).toBe(
    `${hook} failed: response.result.status was 'Failed', not 'Success'`,
  )
  const success = (review: Review, convertedObjects: readonly unknown[]) => ({ ...converted(review), convertedObjects })
  expect(await refusal((review) => success(review, []))).toBe(`${hook} returned 0 objects, expected 1`)
  expect(await refusal((review) => success(review, review.request.objects))).toBe(
    `${hook} returned invalid object at index 0: invalid groupVersion (expected example.com/v2, received example.com/v1)`,
  )
  const other = (review: Review) =>
    success(
      review,
      review.request.objects.map((one) => ({
        ...one,
        apiVersion: 'example.com/v2',
        metadata: { ...one.metadata, uid: 'u' },
      })),
    )
  expect(await refusal(other)).toBe(`${hook} returned invalid object: must have the same UID: ${uid ?? ''} != u`)
})
