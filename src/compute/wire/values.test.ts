import { expect, test } from 'vitest'
import { decodeValues, encodeValues, pathOfUncloneable } from './values.ts'

const shared = { a: 1 }
const LISTS: readonly (readonly unknown[])[] = [
  [],
  [1, -0, Number.NaN, Infinity, 1e300],
  [undefined, undefined],
  ['plain', 'ünï', '\ud800', '漢字', ''],
  [null, true, 'x', 5],
  [{ id: 1, name: 'n', none: null }],
  [{ id: undefined }, { nested: { deep: [1] } }],
  [[1, 2], [], ['a', null]],
  [new Map([[1, new Set([2])]]), new Date(5), /x/gi, 10n, new Uint8Array([1, 2])],
  [-0, 'mixed'],
]

test.each(LISTS.map((list, index) => [index, list] as const))('list %i arrives as it was sent', (_, list) => {
  const bytes = encodeValues(list)
  const moved = new Uint8Array(bytes.byteLength + 3)
  moved.set(bytes, 3)
  const decoded = decodeValues(moved.subarray(3))
  expect(decoded).toStrictEqual([...list])
  list.forEach((value, at) => expect(Object.is(value, -0)).toBe(Object.is(decoded[at], -0)))
})

test('one object in two places of an item stays one object', () => {
  const [item] = decodeValues(encodeValues([{ left: shared, right: shared }])) as [{ left: object; right: object }]
  expect(item.left).toBe(item.right)
})

test('an own property named __proto__ stays an own property', () => {
  const [item] = decodeValues(encodeValues([JSON.parse('{"__proto__": 1}')])) as [object]
  expect(Object.keys(item)).toEqual(['__proto__'])
})

test('what cannot travel is found wherever it hides', () => {
  expect(pathOfUncloneable({ a: [1, { 'b c': () => 1 }] }, 'x')?.path).toBe('x.a[1]["b c"]')
  expect(pathOfUncloneable(new Map([['k', Symbol('s')]]), 'x')).toEqual({ path: 'x.get("k")', what: 'a symbol' })
  expect(pathOfUncloneable({ a: 1 }, 'x')).toBeUndefined()
})
