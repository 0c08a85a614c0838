import { expect, test } from 'vitest'
import { BUILT_IN_RESOURCES } from '../generated/resources.ts'
import { decodeObject } from './decode.ts'

function decoded(kind: string, fields: object): unknown {
  const type = BUILT_IN_RESOURCES.find((one) => one.kind === kind)
  if (type === undefined) throw new Error(`no kind ${kind}`)
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`
  return decodeObject(type, { apiVersion, kind, metadata: { name: 'a' }, ...fields }).object
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

test('definitions are stored as JSON, which knows empty lists', () => {
  const spec = { group: 'example.com', names: { plural: 'a', kind: 'A' }, scope: 'Namespaced', versions: [] }
  expect(decoded('CustomResourceDefinition', { spec })).toMatchObject({ spec: { versions: [] } })
})
