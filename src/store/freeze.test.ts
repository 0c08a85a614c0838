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

test('freezeSharing takes what is not as it was before from an alike object, part by part', () => {
  const previous = deepFreeze({ spec: { image: 'a' }, status: { ready: false, on: ['x'] } })
  const alike = deepFreeze({ spec: { image: 'a' }, status: { ready: true, on: ['x'] }, more: [{ b: 1 }, { c: 2 }] })
  const now = structuredClone({ ...previous, status: alike.status, more: [{ b: 1 }, { c: 3 }] })
  const expected = structuredClone(now)
  const next = freezeSharing(now, previous, alike)
  expect(next).toStrictEqual(expected)
  expect(next.spec).toBe(previous.spec)
  expect(next.status.on).toBe(previous.status.on)
  expect(next.more[0]).toBe(alike.more[0])
  expect([next.more, next.more[1]].every((part) => Object.isFrozen(part))).toBe(true)
})

test.each([
  ['a new object', { a: { x: 1 }, b: [{ y: 2 }] }, undefined],
  ['an updated one', { a: { x: 1 }, b: [{ y: 2 }] }, { a: { x: 0 }, b: [] }],
  ['one that was something else before', { a: { x: 1 }, b: [{ y: 2 }] }, 'text'],
])('freezeSharing makes of %s that equals an alike one that one', (_, value, previous) => {
  const alike = deepFreeze(structuredClone(value))
  expect(freezeSharing(structuredClone(value), deepFreeze(previous), alike)).toBe(alike)
})

test('freezeSharing of random values changes none of them, whatever they are compared with', () => {
  let seed = 7
  const next = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  const leaves = [0, 1, '', 'x', null, true, undefined, 9007199254740993n]
  const random = (depth: number): unknown => {
    const kind = depth === 0 ? 0 : next(3)
    if (kind === 0) return leaves[next(leaves.length)]
    const parts = Array.from({ length: next(4) }, () => random(depth - 1))
    return kind === 1 ? parts : Object.fromEntries(parts.map((part) => ['abc'[next(3)]!, part]))
  }
  for (let i = 0; i < 3_000; i++) {
    const [value, previous, alike] = [random(3), deepFreeze(random(3)), deepFreeze(random(3))]
    const expected = structuredClone(value)
    expect(freezeSharing(value, previous, alike)).toStrictEqual(expected)
  }
})
