import { expect, test } from 'vitest'
import { applyDefaults } from '../../api/defaults/defaults.ts'
import { BUILT_IN_RESOURCES } from '../../api/generated/resources.ts'
import type { KubeObject } from '../../api/object.ts'
import { decodeObject } from '../../api/schema/decode.ts'
import { prepareForCreate } from '../../api/strategy/prepare.ts'
import { loadExpressions } from './expression-engine.ts'
import { validateDefinition } from './definition-validation.ts'

const type = BUILT_IN_RESOURCES.find(({ kind }) => kind === 'CustomResourceDefinition')!

function faultsOf(more: object, schema: object = { type: 'object' }): readonly string[] {
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }]
  const names = { plural: 'as', kind: 'A' }
  const spec = { group: 'example.com', scope: 'Namespaced', names, versions, ...more }
  const { object } = decodeObject(type, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'as.example.com' },
    spec,
  })
  applyDefaults(type, object)
  prepareForCreate(type, object)
  return validateDefinition(object as KubeObject).map(({ field, message }) => `${field}: ${message}`)
}

const A = 'spec.validation.openAPIV3Schema.properties[a]'
const ofField = (schema: object) => faultsOf({}, { type: 'object', properties: { a: schema } })

// What kube-apiserver 1.34.4 answered.
test.each<readonly [schema: object, faults: readonly string[]]>([
  [{ type: 'array' }, [`${A}.items: Required value: must be specified`]],
  [{}, [`${A}.type: Required value: must not be empty for specified object fields`]],
  [{ type: 'string', allOf: [{ type: 'string' }] }, [`${A}.allOf[0].type: Forbidden: must be empty to be structural`]],
  [{ type: 'object', properties: { b: { type: 'string' } }, anyOf: [{ properties: { c: { minLength: 1 } } }] }, []],
  [
    {
      type: 'array',
      items: { type: 'object', properties: { k: { type: 'string' } } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    },
    [
      `${A}.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
  ],
  [
    { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' },
    [
      `${A}.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set`,
    ],
  ],
  [
    { type: 'object', additionalProperties: false, properties: { b: { type: 'string' } } },
    [`${A}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
  ],
  [{ type: 'object', default: { b: 1 } }, [`${A}.default: Invalid value: {"b":1}: must not have unknown fields`]],
  [{ type: 'string', id: 'x' }, [`${A}.id: Forbidden: id is not supported`]],
])('a schema of %j has the faults that Kubernetes finds in it', async (schema, faults) => {
  await loadExpressions()
  expect(ofField(schema)).toEqual(faults)
})

test('a definition says nothing of metadata but its names, and is not null', () => {
  const metadata = { type: 'object', properties: { labels: { type: 'object' } } }
  expect(faultsOf({}, { type: 'object', properties: { metadata } })).toEqual([
    'spec.validation.openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
  ])
  expect(faultsOf({}, { type: 'object', nullable: true })).toEqual([
    'spec.validation.openAPIV3Schema.nullable: Forbidden: nullable cannot be true at the root',
  ])
})

test('parts that all versions have alike are the definition’s own in messages, what one version has is not', () => {
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    deprecationWarning: 'x',
    additionalPrinterColumns: [{ name: 'a', type: 'x', jsonPath: 'a' }],
    schema: { openAPIV3Schema: { type: 'object' } },
  }
  expect(faultsOf({ versions: [version] })).toEqual([
    'spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions',
    'spec.additionalPrinterColumns[0].type: Invalid value: "x": must be one of boolean,date,integer,number,string',
    'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .',
  ])
})

test('a webhook that converts is looked at part by part, its names the wrong way round', () => {
  const webhook = (clientConfig: object, version = 'v1') =>
    faultsOf({ conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: [version], clientConfig } } })
  const at = 'spec.conversion.webhookClientConfig'
  expect(webhook({ url: 'http://u@h/x?y#z' }, 'v7')).toEqual([
    `${at}.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
    `${at}.url: Invalid value: "u": user information is not permitted in the URL`,
    `${at}.url: Invalid value: "z": fragments are not permitted in the URL`,
    `${at}.url: Invalid value: "y": query parameters are not permitted in the URL`,
    'spec.conversion.conversionReviewVersions: Invalid value: ["v7"]: must include at least one of v1, v1beta1',
  ])
  expect(webhook({ service: { name: 'n', namespace: '', path: 'x//y' } })).toEqual([
    `${at}.service.name: Required value`,
    `${at}.service.path: Invalid value: "x//y": must start with a '/'`,
    `${at}.service.path: Invalid value: "x//y": segment[0] may not be empty`,
    `${at}.service.path: Invalid value: "x//y": segment[1] may not be empty`,
  ])
})
