import { expect, test } from 'vitest'
import { schemaOf } from '../schema/schema.ts'
import { joinProblems, typedProblems } from './typed-check.ts'

const problems = (spec: unknown) => typedProblems(schemaOf('io.k8s.api.apps.v1.Deployment'), { spec })
const podOf = (spec: unknown) => ({ template: { spec } })

test('what fits has no problems, and null fits everywhere', () => {
  const ports = [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }]
  const container = { name: 'a', resources: { limits: { cpu: 1 } }, ports }
  expect(problems({ replicas: 1, strategy: null, ...podOf({ containers: [container] }) })).toEqual([])
})

test('wrong types and unknown fields are named with their place, as structured-merge-diff does', () => {
  expect(problems({ replicas: 'one' })).toEqual(['.spec.replicas: expected numeric (int or float), got string'])
  expect(problems({ paused: 'yes' })).toEqual([
    '.spec.paused: expected boolean, got &value.valueUnstructured{Value:"yes"}',
  ])
  const image = podOf({ containers: [{ name: 'a', image: 1 }] })
  expect(problems(image)).toEqual([
    '.spec.template.spec.containers[name="a"].image: expected string, got &value.valueUnstructured{Value:1}',
  ])
  expect(problems(podOf({ containers: { name: 'a' } }))).toEqual([
    '.spec.template.spec.containers: expected list, got &{map[name:a]}',
  ])
  expect(problems({ strategy: ['x'] })).toEqual(['.spec.strategy: expected map, got &{[x]}'])
  expect(problems({ nope: 1 })).toEqual(['.spec.nope: field not declared in schema'])
})

test('items of a keyed list have their keys, each once', () => {
  // Keys of built-in kinds are values in Go: one that is left out is empty.
  expect(problems(podOf({ containers: [{ image: 'x' }] }))).toEqual([])
  expect(problems(podOf({ containers: [{ name: 'a' }, { name: 'a' }] }))).toEqual([
    '.spec.template.spec.containers: duplicate entries for key [name="a"]',
  ])
})

test('several problems stand one a line', () => {
  expect(joinProblems(['.a: x', '.b: y'])).toBe('errors:\n  .a: x\n  .b: y')
})
