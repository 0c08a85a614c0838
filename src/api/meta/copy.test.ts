import { expect, test } from 'vitest'
import { copyJson } from './copy.ts'

test('a copy has all that the value has and shares nothing with it', () => {
  const value = Object.freeze({ a: [1, { b: null }, []], c: { d: 'x', e: undefined }, f: false })
  const copy = copyJson(value)
  expect(copy).toStrictEqual({ a: [1, { b: null }, []], c: { d: 'x', e: undefined }, f: false })
  expect(copy).not.toBe(value)
  expect(copy.a).not.toBe(value.a)
  expect(copy.a[1]).not.toBe(value.a[1])
  expect(copy.c).not.toBe(value.c)
})

test('fields that are named as those of every object are copied as fields', () => {
  const copy = copyJson(JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}') as object)
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
  expect(JSON.stringify(copy)).toBe('{"__proto__":{"x":1},"constructor":2}')
})
