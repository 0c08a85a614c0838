import { get, post, scenario, setup } from './scenario.ts'
import type { Step } from '../../replay/replay.ts'

const EXTENSIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GROUP = '{{ns}}.values.example.com'
const SAMPLES = `/apis/${GROUP}/v1/namespaces/{{ns}}/samples?dryRun=All`

const formatted = (format: string) => ({ type: 'string', format })
const range = { type: 'object', properties: { from: { type: 'integer' }, to: { type: 'integer' } } }

/** A schema for each field, with values of which most are refused. */
const FIELDS: Readonly<Record<string, readonly [schema: object, ...values: readonly unknown[]]>> = {
  integer: [{ type: 'integer' }, 'x', 1.5, true, null, [], {}, 9007199254740992, -0],
  int32: [{ type: 'integer', format: 'int32' }, 3_000_000_000, -1],
  int64: [{ type: 'integer', format: 'int64' }, 1e19, 5],
  number: [{ type: 'number' }, 'x', 1, 1.5, null],
  text: [{ type: 'string' }, 1, false, null, {}, ['x']],
  flag: [{ type: 'boolean' }, 'true', 0],
  list: [{ type: 'array', items: { type: 'string' } }, 'x', ['a', 1], [null], {}],
  object: [{ type: 'object', properties: { a: { type: 'string' } } }, 'x', [], 7, { a: 1 }, { b: 1 }],
  map: [{ type: 'object', additionalProperties: { type: 'integer' } }, { a: 'x' }, { a: 1, b: null }, []],
  minimum: [{ type: 'integer', minimum: 2, maximum: 4 }, 1, 5, 3],
  exclusive: [{ type: 'number', minimum: 2, maximum: 4, exclusiveMinimum: true, exclusiveMaximum: true }, 2, 4, 3.5],
  multiple: [{ type: 'number', multipleOf: 0.5 }, 0.7, 1.5],
  short: [{ type: 'string', minLength: 2, maxLength: 3 }, 'a', 'abcd', 'äöü', ''],
  pattern: [{ type: 'string', pattern: '^[a-c]+$' }, 'x', 'abc', ''],
  both: [{ type: 'string', pattern: '^[a-c]+$', maxLength: 2, enum: ['a', 'b'] }, 'xyz', 'c'],
  items: [{ type: 'array', minItems: 1, maxItems: 2, items: { type: 'integer' } }, [], [1, 2, 3], [1, 1]],
  properties: [
    { type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: { type: 'string' } },
    {},
    { a: 'x', b: 'y' },
  ],
  required: [{ type: 'object', required: ['a', 'b'], properties: { a: { type: 'string' }, b: range } }, {}, { a: 'x' }],
  nullable: [{ type: 'string', nullable: true }, null, 1],
  choice: [{ type: 'string', enum: ['a', 'b'] }, 'c', '', null],
  number_choice: [{ type: 'integer', enum: [1, 2] }, 3, 'a'],
  share: [{ 'x-kubernetes-int-or-string': true }, true, 1.5, [], '50%', null],
  set: [
    { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    ['a', 'a'],
    ['a', 'b', 'a', 'a'],
  ],
  keyed: [
    {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name', 'port'],
      items: {
        type: 'object',
        required: ['name', 'port'],
        properties: { name: { type: 'string' }, port: { type: 'integer' } },
      },
    },
    [{ name: 'a' }],
    [
      { name: 'a', port: 1 },
      { name: 'a', port: 1 },
    ],
  ],
  any: [{ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, { a: { b: [1] } }, 'x'],
  embedded: [
    { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    {},
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'Bad Name!' } },
    { apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' } },
  ],
  allOf: [{ type: 'integer', allOf: [{ minimum: 2 }, { maximum: 3 }] }, 1, 4],
  anyOf: [{ type: 'integer', anyOf: [{ maximum: 1 }, { minimum: 5 }] }, 3, 6],
  oneOf: [{ type: 'integer', oneOf: [{ maximum: 5 }, { minimum: 3 }] }, 4, 1],
  not: [{ type: 'integer', not: { minimum: 5 } }, 6, 4],
  rule: [{ type: 'integer', 'x-kubernetes-validations': [{ rule: 'self < 5' }] }, 7, 'x'],
  ruled: [
    {
      ...range,
      'x-kubernetes-validations': [
        { rule: 'self.from <= self.to', messageExpression: "'wrong'", fieldPath: '.from' },
        { rule: 'has(self.to)', message: 'to is needed', reason: 'FieldValueRequired', fieldPath: '.to' },
      ],
    },
    { from: 3, to: 2 },
    { from: 3 },
  ],
  dated: [formatted('date'), '2024-02-30', '2024-02-29', '2024-2-9'],
  timed: [formatted('date-time'), 'now', '2024-01-01T00:00:00Z', '2024-01-01', '2024-01-01T25:00:00Z'],
  lasting: [formatted('duration'), 'x', '1h', '5 minutes', '1'],
  bytes: [formatted('byte'), '!', 'YQ==', ''],
  mail: [formatted('email'), 'x', 'a@example.com', '@'],
  host: [formatted('hostname'), 'a_b', 'example.com', '-a'],
  four: [formatted('ipv4'), '1.2.3', '1.2.3.4', '::1'],
  six: [formatted('ipv6'), '1.2.3.4', '::1'],
  network: [formatted('cidr'), '1.2.3.4', '10.0.0.0/8'],
  station: [formatted('mac'), 'x', '01:02:03:04:05:06'],
  place: [formatted('uri'), 'x', 'https://example.com/a', '/a b'],
  unique: [formatted('uuid'), 'x', '7f8a3e1c-0000-4000-8000-000000000000'],
  four_unique: [formatted('uuid4'), '7f8a3e1c-0000-3000-8000-000000000000'],
  colour: [formatted('hexcolor'), '#12', '#123456'],
  mixed: [formatted('rgbcolor'), 'rgb(1,2)', 'rgb(1,2,3)'],
  book: [formatted('isbn'), '0321751044', '0321751043'],
  secret: [formatted('password'), ''],
  unheard: [formatted('nope'), 'x'],
}

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `samples.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: 'samples', kind: 'Sample' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.integer', statusReplicasPath: '.status.replicas' },
        },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: Object.fromEntries(Object.entries(FIELDS).map(([name, [schema]]) => [name, schema])),
              },
              status: { type: 'object', properties: { replicas: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
}

const sample = (spec: unknown) => ({ apiVersion: `${GROUP}/v1`, kind: 'Sample', metadata: { name: 'a' }, spec })

const values: readonly Step[] = Object.entries(FIELDS).flatMap(([name, [, ...tried]]) =>
  tried.map((value, i) => post(`${name} ${i}`, SAMPLES, sample({ [name]: value }))),
)

export const customValues = scenario('custom-values', 'Values of every sort that a schema speaks of', [
  post('definition', EXTENSIONS, definition, undefined, { pick: ['spec.names.kind'] }),
  {
    ...setup(get('established', `${EXTENSIONS}/samples.${GROUP}`)),
    until: { path: 'status.conditions.1.status', equals: 'True' },
  },
  ...values,
  post('no object', SAMPLES, sample('x')),
  post('no spec', SAMPLES, sample(null)),
  post('negative scale', SAMPLES, sample({ integer: -1 })),
  post('large scale', SAMPLES, sample({ integer: 3_000_000_000 })),
])
