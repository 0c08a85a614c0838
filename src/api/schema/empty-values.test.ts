import { expect, test } from 'vitest'
import { BUILT_IN_RESOURCES } from '../generated/resources.ts'
import { decodeObject } from './decode.ts'
import { dropEmpties, servedEmpties } from './empty-values.ts'
import { schemaOf } from './schema.ts'

function sent(kind: string, fields: object) {
  const type = BUILT_IN_RESOURCES.find((one) => one.kind === kind)
  if (type === undefined) throw new Error(`no kind ${kind}`)
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`
  const { object } = decodeObject(type, { apiVersion, kind, metadata: { name: 'a' }, ...fields })
  return { object, schema: schemaOf(type.definition) }
}

function decoded(kind: string, fields: object): unknown {
  const { object, schema } = sent(kind, fields)
  dropEmpties(schema, object)
  return object
}

// What kube-apiserver 1.34.4 answers: kinds that it stores as Protobuf come back without what that cannot tell from nothing.
test.each([
  ['ClusterRole', { rules: [] }, { rules: null }],
  ['LimitRange', { spec: { limits: [] } }, { spec: { limits: null } }],
  ['CSINode', { spec: { drivers: [] } }, { spec: { drivers: null } }],
  ['Node', { status: { images: [{ names: [] }] } }, { status: { images: [{ names: null }] } }],
])('an empty list of a %s that is always written is null', (kind, sent, kept) =>
  expect(decoded(kind, sent)).toMatchObject(kept),
)

test('an empty list or map that need not be written is left out', () => {
  const pod = decoded('Pod', { spec: { containers: [{ name: 'c', args: [], env: [] }], nodeSelector: {} } })
  expect((pod as { readonly spec: unknown }).spec).toEqual({ containers: [{ name: 'c', resources: {} }] })
})

test('until an object is stored an empty list of it is not the same as none', () => {
  const rules = {
    spec: { successPolicy: { rules: [] }, template: { spec: { containers: [{ name: 'c', args: [] }] } } },
  }
  const { object, schema } = sent('Job', rules)
  expect(object).toMatchObject(rules)
  // Whoever reads it on its way sees what Kubernetes writes: a list that may be left out is, one that may not is there.
  const served = servedEmpties(schema, object) as typeof object & { spec: Record<string, object> }
  expect(served).toMatchObject({ spec: { successPolicy: { rules: [] } } })
  expect(JSON.stringify(served)).not.toContain('args')
})

test('definitions are stored as JSON, which knows empty lists', () => {
  const spec = { group: 'example.com', names: { plural: 'a', kind: 'A' }, scope: 'Namespaced', versions: [] }
  expect(decoded('CustomResourceDefinition', { spec })).toMatchObject({ spec: { versions: [] } })
})
