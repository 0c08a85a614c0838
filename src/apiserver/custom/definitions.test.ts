import { expect, test } from 'vitest'
import { customResourceDefinitions, namespaces } from '../../api/generated/resources.ts'
import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import type { Store } from '../../store/store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { allowAll } from '../verbs/authorizer.ts'

interface Boat extends KubeObject {
  readonly spec: { readonly sails: number; readonly hull?: string; readonly unknown?: boolean }
}

const boats = {
  group: 'example.com',
  version: 'v1',
  plural: 'boats',
  kind: 'Boat',
  namespaced: true,
} as ResourceType<Boat>

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'boats.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'boats', singular: 'boat', kind: 'Boat' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['sails'],
                properties: {
                  sails: { type: 'integer', minimum: 1 },
                  hull: { type: 'string', default: 'wood', enum: ['wood', 'steel'] },
                },
              },
            },
          },
        },
      },
    ],
  },
} as unknown as CustomResourceDefinition

const boat = (name: string, spec: Boat['spec']): Boat => ({
  apiVersion: 'example.com/v1',
  kind: 'Boat',
  metadata: { name, namespace: 'default' },
  spec,
})

async function connect(store?: Store) {
  const environment = systemEnvironment('error')
  const kept = store ?? createMemoryStore(environment)
  const server = await createApiServer({ environment, store: kept, authorizer: allowAll })
  const warnings: string[] = []
  const warn = (text: string) => warnings.push(text)
  const client = createDirectClient(server, { user: { name: 'a', groups: [] }, warn })
  return { client, store: kept, warnings }
}

test('a new kind is served when its definition is acknowledged: defaulted, pruned with a warning, validated', async () => {
  const { client, warnings } = await connect()
  await client.create(customResourceDefinitions, definition)
  const made = await client.create(boats, boat('a', { sails: 2, unknown: true }))
  expect(made.spec).toEqual({ sails: 2, hull: 'wood' })
  expect(made.metadata.generation).toBe(1)
  expect(warnings).toEqual(['unknown field "spec.unknown"'])
  await expect(client.create(boats, boat('b', { sails: 0 }))).rejects.toMatchObject({
    message:
      'Boat.example.com "b" is invalid: spec.sails: Invalid value: 0: spec.sails in body should be greater than or equal to 1',
  })
  const found = await client.get(customResourceDefinitions, { name: 'boats.example.com' })
  expect(found.status?.conditions?.map((one) => `${one.type}=${one.status}`)).toEqual([
    'NamesAccepted=True',
    'Established=True',
  ])
})

test('a server that starts on a store with definitions serves their kinds', async () => {
  const { client, store } = await connect()
  await client.create(customResourceDefinitions, definition)
  await client.create(boats, boat('a', { sails: 1 }))
  const again = await connect(store)
  expect((await again.client.list(boats)).items).toHaveLength(1)
})

/** Resolves when the definition is gone from the store. */
function definitionGone(store: Store): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (store.durable().count('customresourcedefinitions.apiextensions.k8s.io') > 0) return
      stop()
      resolve()
    }
    const stop = store.onDurable(look)
    look()
  })
}

test('deleting a definition takes its objects along and ends its paths', async () => {
  const { client, store } = await connect()
  await client.create(customResourceDefinitions, definition)
  await client.create(boats, boat('a', { sails: 1 }))
  const marked = (await client.delete(customResourceDefinitions, {
    name: 'boats.example.com',
  })) as CustomResourceDefinition
  expect(marked.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io'])
  expect(marked.status?.conditions?.at(-1)).toMatchObject({
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  })
  await definitionGone(store)
  await expect(client.list(boats)).rejects.toMatchObject({ reason: 'NotFound' })
  await client.create(customResourceDefinitions, definition)
  expect((await client.list(boats)).items).toEqual([])
  expect((await client.list(namespaces)).items).toHaveLength(4)
})

test('a deleted definition waits for the finalizers of its objects, lets nothing new in, and ends after a restart too', async () => {
  const { client, store } = await connect()
  await client.create(customResourceDefinitions, definition)
  const held = boat('a', { sails: 1 })
  await client.create(boats, { ...held, metadata: { ...held.metadata, finalizers: ['example.com/anchor'] } })
  await client.delete(customResourceDefinitions, { name: 'boats.example.com' })
  await expect(client.create(boats, boat('b', { sails: 1 }))).rejects.toMatchObject({
    message: 'boats.example.com "b" is forbidden: create not allowed while custom resource definition is terminating',
  })
  const again = await connect(store)
  const waiting = await again.client.get(boats, { namespace: 'default', name: 'a' })
  expect(waiting.metadata.deletionTimestamp).toBeDefined()
  const found = await again.client.get(customResourceDefinitions, { name: 'boats.example.com' })
  expect(found.status?.conditions?.at(-1)?.reason).toBe('InstanceDeletionInProgress')
  await again.client.patch(
    boats,
    { namespace: 'default', name: 'a' },
    { type: 'merge', patch: { metadata: { finalizers: null } } },
  )
  await definitionGone(store)
  expect(store.durable().count('boats.example.com')).toBe(0)
})

test("every version that is served has an API service, a definition's for as long as it is there", async () => {
  const { client, store } = await connect()
  const services = () => [...store.durable().list('apiservices.apiregistration.k8s.io')].map(({ object }) => object)
  const labelOf = (name: string) =>
    services().find(({ metadata }) => metadata.name === name)?.metadata.labels?.[
      'kube-aggregator.kubernetes.io/automanaged'
    ]
  expect([labelOf('v1.'), labelOf('v1.apps'), labelOf('v2.autoscaling')]).toEqual(['onstart', 'onstart', 'onstart'])
  const listed = (wanted: boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if ((labelOf('v1.example.com') !== undefined) !== wanted) return
        stop()
        resolve()
      }
      const stop = store.onDurable(look)
      look()
    })
  await client.create(customResourceDefinitions, definition)
  await listed(true)
  expect(services().find(({ metadata }) => metadata.name === 'v1.example.com')).toMatchObject({
    metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'true' } },
    spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 },
    status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] },
  })
  await client.delete(customResourceDefinitions, { name: 'boats.example.com' })
  await listed(false)
})

test('versions of one kind share their objects: written in one, read in the other, stored in the one marked so', async () => {
  const { client, store } = await connect()
  const [v1] = definition.spec.versions
  const versions = [
    { ...v1, storage: false },
    { ...v1, name: 'v2' },
  ] as CustomResourceDefinition['spec']['versions']
  await client.create(customResourceDefinitions, { ...definition, spec: { ...definition.spec, versions } })
  const newer = { ...boats, version: 'v2' } as ResourceType<Boat>
  await client.create(boats, boat('a', { sails: 1 }))
  expect(store.head().get('boats.example.com', 'default/a')?.object.apiVersion).toBe('example.com/v2')
  expect((await client.get(newer, { namespace: 'default', name: 'a' })).apiVersion).toBe('example.com/v2')
  expect((await client.list(boats)).items.map(({ apiVersion }) => apiVersion)).toEqual(['example.com/v1'])
  const found = await client.get(customResourceDefinitions, { name: 'boats.example.com' })
  expect(found.status?.storedVersions).toEqual(['v2'])
})

test('a custom resource is applied by its schema: owners, conflicts and unknown fields', async () => {
  const { client } = await connect()
  await client.create(customResourceDefinitions, definition)
  const key = { namespace: 'default', name: 'a' }
  const apply = (fieldManager: string, spec: object) =>
    client.patch(boats, key, { type: 'apply', patch: boat('a', spec as Boat['spec']) }, { fieldManager })
  const made = await apply('one', { sails: 1 })
  expect(made.spec).toEqual({ sails: 1, hull: 'wood' })
  expect(made.metadata.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
    ['one', { 'f:spec': { 'f:sails': {} } }],
  ])
  await expect(apply('two', { sails: 2 })).rejects.toMatchObject({
    message: 'Apply failed with 1 conflict: conflict with "one": .spec.sails',
  })
  await expect(apply('one', { sails: 1, masts: 2 })).rejects.toMatchObject({
    code: 500,
    message:
      'failed to create typed patch object (default/a; example.com/v1, Kind=Boat): .spec.masts: field not declared in schema',
  })
})

test('a kind without a status of its own has its status owned like any other field', async () => {
  const { client } = await connect()
  const [v1] = definition.spec.versions
  const { subresources: _, ...plain } = v1 as NonNullable<typeof v1>
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const versions = [{ ...plain, schema }] as unknown as CustomResourceDefinition['spec']['versions']
  await client.create(customResourceDefinitions, { ...definition, spec: { ...definition.spec, versions } })
  const made = await client.create(boats, { ...boat('a', { sails: 1 }), status: { afloat: true } } as Boat)
  expect(made).toHaveProperty('status.afloat', true)
  expect(made.metadata.managedFields?.[0]?.fieldsV1).toHaveProperty(['f:status', 'f:afloat'])
})
