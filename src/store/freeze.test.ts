import { expect, test } from 'vitest'
import { deepFreeze, freezeSharing } from './freeze.ts'

test('deepFreeze freezes every part', () => {
  const value = deepFreeze({ a: [{ b: {} }], c: null })
  expect([value, value.a, value.a[0], value.a[0]!.b].every(Object.isFrozen)).toBe(true)
})

test('freezeSharing takes over the parts that did not change, and no others', () => {
  const previous = deepFreeze({ spec: { list: [{ a: 1 }, { a: 2 }], map: { x: 'y' } }, status: { ready: false } })
  const next = freezeSharing(structuredClone({ ...previous, status: { ready: true } }), previous)
  expect(next).toEqual({ ...previous, status: { ready: true } })
  expect(next.spec).toBe(previous.spec)
  expect(next.status).not.toBe(previous.status)
  expect(Object.isFrozen(next.status)).toBe(true)
})

test.each([
  ['an entry less', { a: { x: 1, y: 2 } }, { a: { x: 1 } }],
  ['an entry more', { a: { x: 1 } }, { a: { x: 1, y: 2 } }],
  ['another entry', { a: { x: 1 } }, { a: { y: 1 } }],
  ['an undefined entry for none', { a: { x: 1 } }, { a: { y: undefined } }],
  ['a shorter list', { a: [1, 2] }, { a: [1] }],
  ['a list for a map', { a: { 0: 1 } }, { a: [1] }],
  ['null for a map', { a: {} }, { a: null }],
  ['an inherited name', { a: {} }, { a: { constructor: 1 } }],
])('freezeSharing keeps a value with %s as it is', (_, previous, value) => {
  expect(freezeSharing(structuredClone(value), deepFreeze(previous))).toStrictEqual(value)
})
