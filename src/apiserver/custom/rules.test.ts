import { expect, test } from 'vitest'
import { customResourceDefinitions } from '../../api/generated/resources.ts'
import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { allowAll } from '../verbs/authorizer.ts'
import type { JsonSchema } from './json-schema.ts'

interface Boat extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>
}

const boats = {
  group: 'example.com',
  version: 'v1',
  plural: 'boats',
  kind: 'Boat',
  namespaced: true,
} as ResourceType<Boat>

const boat = (name: string, spec: Boat['spec']): Boat => ({
  apiVersion: 'example.com/v1',
  kind: 'Boat',
  metadata: { name, namespace: 'default' },
  spec,
})

function definition(spec: JsonSchema): CustomResourceDefinition {
  const openAPIV3Schema = { type: 'object', properties: { spec } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boats.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  } as unknown as CustomResourceDefinition
}

const SPEC: JsonSchema = {
  type: 'object',
  properties: {
    sails: { type: 'integer' },
    hull: { type: 'string', maxLength: 20 },
    'name-tag': { type: 'string' },
    crew: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, rank: { type: 'integer' } },
        'x-kubernetes-validations': [{ rule: 'self.rank >= oldSelf.rank', message: 'no demotion' }],
      },
    },
  },
  'x-kubernetes-validations': [
    { rule: 'self.sails > 0', messageExpression: '"has %d sails".format([self.sails])', fieldPath: '.sails' },
    { rule: '!has(oldSelf.hull) || self.hull == oldSelf.hull', message: 'hull is kept', reason: 'FieldValueForbidden' },
    { rule: '!has(self.name__dash__tag) || self.name__dash__tag != ""' },
  ],
}

async function connect(spec: JsonSchema) {
  const environment = systemEnvironment('error')
  const server = await createApiServer({ environment, store: createMemoryStore(environment), authorizer: allowAll })
  const client = createDirectClient(server, { user: { name: 'a', groups: [] }, warn: () => {} })
  await client.create(customResourceDefinitions, definition(spec))
  const put = async (name: string, next: Boat['spec']) => {
    const old = await client.get(boats, { namespace: 'default', name })
    return client.update(boats, { ...old, spec: next })
  }
  return { client, put }
}

const refusal = (text: string) => ({ message: `Boat.example.com "a" is invalid: ${text}` })

test('a rule that does not hold refuses the object, in the words of its message expression, at its field', async () => {
  const { client } = await connect(SPEC)
  await expect(client.create(boats, boat('a', { sails: 0 }))).rejects.toMatchObject(
    refusal('spec.sails: Invalid value: "object": has 0 sails'),
  )
  await expect(client.create(boats, boat('a', { sails: 1, 'name-tag': '' }))).rejects.toMatchObject(
    refusal('spec: Invalid value: "object": failed rule: !has(self.name__dash__tag) || self.name__dash__tag != ""'),
  )
  await expect(client.create(boats, boat('a', {}))).rejects.toMatchObject(
    refusal('spec: Invalid value: "object": no such key: sails evaluating rule: self.sails > 0'),
  )
})

test('a transition rule holds for updates, with the reason it names, and finds items by their keys', async () => {
  const { client, put } = await connect(SPEC)
  await client.create(boats, boat('a', { sails: 1, hull: 'wood', crew: [{ name: 'x', rank: 2 }] }))
  await expect(put('a', { sails: 1, hull: 'steel' })).rejects.toMatchObject(refusal('spec: Forbidden: hull is kept'))
  const crew = [
    { name: 'y', rank: 0 },
    { name: 'x', rank: 1 },
  ]
  await expect(put('a', { sails: 1, hull: 'wood', crew })).rejects.toMatchObject(
    refusal('spec.crew[1]: Invalid value: "object": no demotion'),
  )
  await put('a', { sails: 2, hull: 'wood', crew: [{ name: 'x', rank: 3 }] })
})

test('rules wait until the object has the shape of the schema', async () => {
  const { client } = await connect(SPEC)
  await expect(client.create(boats, boat('a', { sails: 'many' }))).rejects.toThrow(
    '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  )
})

test('what broke a rule before and has not changed is let be, while other fields change', async () => {
  const { client, put } = await connect({ ...SPEC, 'x-kubernetes-validations': [] })
  await client.create(boats, boat('a', { sails: 0 }))
  const stricter = definition({
    ...SPEC,
    properties: {
      ...SPEC.properties,
      sails: { type: 'integer', minimum: 1, 'x-kubernetes-validations': [{ rule: 'self > 0' }] },
    },
    'x-kubernetes-validations': [],
  })
  const found = await client.get(customResourceDefinitions, { name: 'boats.example.com' })
  await client.update(customResourceDefinitions, { ...found, spec: stricter.spec })
  await put('a', { sails: 0, hull: 'wood' })
  await expect(put('a', { sails: -1, hull: 'wood' })).rejects.toThrow('should be greater than or equal to 1')
})

/** The messages are those of Kubernetes 1.34's validation of definitions. */
test.each<readonly [JsonSchema, string]>([
  [
    { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.x > 0' }] },
    "compilation failed: ERROR: <input>:1:5: undefined field 'x'\n | self.x > 0\n | ....^",
  ],
  [{ type: 'object', 'x-kubernetes-validations': [{ rule: '1' }] }, 'cel expression must evaluate to a bool'],
  [
    { properties: { a: {} } },
    'spec].properties[a].type: Required value: must not be empty for specified object fields',
  ],
  [{ type: 'array' }, 'properties[spec].items: Required value: must be specified'],
  [{ type: 'object', 'x-kubernetes-list-type': 'set' }, 'must be array if x-kubernetes-list-type is specified'],
  [
    {
      type: 'array',
      items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
    },
    'oldSelf cannot be used on the uncorrelatable portion of the schema within',
  ],
  [{ type: 'object', allOf: [{ type: 'object' }] }, 'allOf[0].type: Forbidden: must be empty to be structural'],
  [{ type: 'string', pattern: '[' }, "must be a valid regular expression, but isn't:"],
])('a definition is refused for %j', async (spec, message) => {
  await expect(connect(spec)).rejects.toThrow(message)
})
