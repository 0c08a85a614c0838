import { expect, test } from 'vitest'
import { schemaOf } from '../schema/schema.ts'
import { trackUpdate } from './managed-fields.ts'

const WRITER = { manager: 'm', hasStatus: true, time: '2026-01-02T03:04:05Z' }

function fieldsOf(kind: string, fields: object): unknown {
  const object = { apiVersion: 'v1', kind, metadata: { name: 'a' }, ...fields }
  trackUpdate(schemaOf(`io.k8s.api.core.v1.${kind}`), object, undefined, WRITER)
  return (object.metadata as { managedFields?: readonly { fieldsV1: unknown }[] }).managedFields?.[0]?.fieldsV1
}

// structured-merge-diff: an associative list's item that omits all key fields, of which none has a default, cannot be placed.
test('an object with an item that has none of its keys has no managers', () => {
  expect(fieldsOf('ServiceAccount', { secrets: [{ namespace: 'x' }] })).toBeUndefined()
  expect(fieldsOf('ServiceAccount', { secrets: [{ name: 'x' }] })).toEqual({
    'f:secrets': { '.': {}, 'k:{"name":"x"}': {} },
  })
})

test('a key that is always written, or has a default, counts where it is absent', () => {
  expect(fieldsOf('Pod', { spec: { containers: [{}], imagePullSecrets: [{}] } })).toEqual({
    'f:spec': {
      'f:containers': { 'k:{"name":""}': {} },
      'f:imagePullSecrets': { '.': {}, 'k:{"name":""}': {} },
    },
  })
})

// typed.AllowDuplicates, as kube-apiserver 1.34.4 answered of two variables of one name.
test('items with the same keys are owned as a whole', () => {
  const env = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
  ]
  expect(fieldsOf('Pod', { spec: { containers: [{ name: 'c', env }] } })).toMatchObject({
    'f:spec': { 'f:containers': { 'k:{"name":"c"}': { 'f:env': { '.': {}, 'k:{"name":"A"}': {} } } } },
  })
  expect(JSON.stringify(fieldsOf('Pod', { spec: { containers: [{ name: 'c', env }] } }))).not.toContain('f:value')
})
