import { expect, test } from 'vitest'
import { schemaOf } from '../schema/schema.ts'
import { applyStrategicPatch } from './strategic.ts'

const podSpec = schemaOf('io.k8s.api.core.v1.PodSpec')
const deploymentSpec = schemaOf('io.k8s.api.apps.v1.DeploymentSpec')
const metadata = schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')

const containers = [
  {
    name: 'a',
    image: 'one',
    env: [
      { name: 'X', value: '1' },
      { name: 'Y', value: '2' },
    ],
  },
  { name: 'b', image: 'two', command: ['run', 'fast'] },
]

test('lists with a merge key merge by it, in the order of the patch (normalizeElementOrder); others are replaced', () => {
  const patch = {
    containers: [
      { name: 'b', command: ['stop'] },
      { name: 'a', env: [{ name: 'Y', value: '9' }] },
    ],
  }
  const env = [
    { name: 'X', value: '1' },
    { name: 'Y', value: '9' },
  ]
  expect(applyStrategicPatch(podSpec, { containers }, patch)).toEqual({
    containers: [
      { name: 'b', image: 'two', command: ['stop'] },
      { name: 'a', image: 'one', env },
    ],
  })
})

test('$patch: delete takes an item away, $patch: replace replaces a whole list or object', () => {
  expect(applyStrategicPatch(podSpec, { containers }, { containers: [{ name: 'a', $patch: 'delete' }] })).toEqual({
    containers: [containers[1]],
  })
  const replaced = { containers: [{ $patch: 'replace' }, { name: 'c' }] }
  expect(applyStrategicPatch(podSpec, { containers }, replaced)).toEqual({ containers: [{ name: 'c' }] })
  const template = { securityContext: { runAsUser: 1, runAsGroup: 2 } }
  const patch = { securityContext: { $patch: 'replace', runAsUser: 3 } }
  expect(applyStrategicPatch(podSpec, template, patch)).toEqual({ securityContext: { runAsUser: 3 } })
})

test('$deleteFromPrimitiveList takes values out of a list of plain values, which otherwise only grows', () => {
  const finalizers = ['a/x', 'a/y']
  expect(applyStrategicPatch(metadata, { finalizers }, { finalizers: ['a/z'] })).toEqual({
    finalizers: ['a/z', 'a/x', 'a/y'],
  })
  expect(applyStrategicPatch(metadata, { finalizers }, { '$deleteFromPrimitiveList/finalizers': ['a/x'] })).toEqual({
    finalizers: ['a/y'],
  })
})

test('$setElementOrder puts the items of a merged list in order', () => {
  const patch = {
    '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }],
    containers: [{ name: 'c', image: 'three' }],
  }
  const merged = applyStrategicPatch(podSpec, { containers }, patch) as { containers: { name: string }[] }
  expect(merged.containers.map(({ name }) => name)).toEqual(['c', 'b', 'a'])
  expect(merged).not.toHaveProperty('$setElementOrder/containers')
})

test('$retainKeys keeps only the fields that it names', () => {
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } }
  const patch = { strategy: { $retainKeys: ['type'], type: 'Recreate' } }
  expect(applyStrategicPatch(deploymentSpec, { strategy }, patch)).toEqual({ strategy: { type: 'Recreate' } })
})

test('null takes a field away', () => {
  expect(applyStrategicPatch(metadata, { labels: { a: '1', b: '2' } }, { labels: { a: null } })).toEqual({
    labels: { b: '2' },
  })
})
