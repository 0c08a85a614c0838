import { expect, test } from 'vitest'
import { schemaOf } from '../schema/schema.ts'
import { hasShape, shapeOf } from './field-shape.ts'
import { compare } from './typed.ts'

const schema = schemaOf('io.k8s.api.core.v1.Pod')
const BASE = { metadata: { creationTimestamp: null }, spec: { containers: null }, status: {} }

/** Every pod that can be put together from these parts, so that each is held against each. */
const CONTAINERS = [
  [],
  [{ name: 'a' }],
  [{ name: 'b' }],
  [{ name: 'a', image: 'x' }],
  [{ name: 'a' }, { name: 'b' }],
  [{ name: 'a', command: ['x'] }],
  [{ name: 'a', command: ['x', 'y'] }],
  [{ name: 'a', ports: [{ containerPort: 80 }] }],
  [{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP' }] }],
  [{ name: 'a', ports: [{ containerPort: 80, protocol: 'UDP' }] }],
  [{ name: 'a', resources: {} }],
  [{ name: 'a', resources: { requests: { cpu: '1' } } }],
  [{ name: 'a', env: [{ name: 'E', value: '1' }] }],
]
const METADATA = [
  { name: 'p', creationTimestamp: null },
  { name: 'q', creationTimestamp: null },
  { name: 'p', creationTimestamp: 'now' },
  { name: 'p', creationTimestamp: 'later' },
  { name: 'p', creationTimestamp: null, labels: { a: '1' } },
  { name: 'p', creationTimestamp: null, labels: { a: '2' } },
  { name: 'p', creationTimestamp: null, labels: { b: '1' } },
  { name: 'p', creationTimestamp: null, finalizers: ['x/y'] },
  { name: 'p', creationTimestamp: null, finalizers: ['x/z'] },
]
const pods = METADATA.flatMap((metadata) =>
  [...CONTAINERS, null, undefined].flatMap((containers) =>
    [{}, { phase: 'Running' }].map((status) => ({ metadata, spec: { containers, nodeName: 'n' }, status })),
  ),
)

test('objects of one shape have the same managed fields, and those with others another shape', () => {
  const fields = pods.map((pod) => JSON.stringify(compare(schema, BASE, pod).changed))
  let alike = 0
  for (const [i, pod] of pods.entries()) {
    const shape = shapeOf(schema, pod, BASE)
    expect(hasShape(shape, schema, structuredClone(pod))).toBe(true)
    for (const [j, other] of pods.entries()) {
      if (!hasShape(shape, schema, other)) continue
      expect(fields[j]).toBe(fields[i])
      alike++
    }
  }
  // Names and values that are nobody's fields make no difference.
  expect(alike).toBeGreaterThan(pods.length)
})

test('a time that is set belongs to its writer, whichever it is', () => {
  const at = (creationTimestamp: string | null) => ({ metadata: { name: 'p', creationTimestamp } })
  const shape = shapeOf(schema, at('now'), BASE)
  expect(hasShape(shape, schema, at('later'))).toBe(true)
  expect(hasShape(shape, schema, at(null))).toBe(false)
})

test('what is not of the schema has no shape of it', () => {
  const shape = shapeOf(schema, pods[2], BASE)
  for (const other of [undefined, null, 'text', [], {}, { spec: [] }])
    expect(hasShape(shape, schema, other)).toBe(false)
})
