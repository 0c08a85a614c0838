import { expect, test } from 'vitest'
import { markedJson, parseExactJson, readMarkedJson } from './big-integers.ts'

test('an integer of 64 bits is read and written as it was', () => {
  const text = '{"a":9007199254740993,"b":[-9223372036854775808],"c":1.5,"d":7}'
  expect(JSON.stringify(parseExactJson(text))).toBe(text)
})

test('an integer of more than 64 bits is the nearest double, as it is to Kubernetes', () => {
  expect(parseExactJson('9223372036854775808')).toBe(2 ** 63)
})

test('what has large integers is marked, and read exactly again; what has none is not', () => {
  const value = parseExactJson('{"a":9007199254740993}')
  expect(markedJson(value)).toBe(' {"a":9007199254740993}')
  expect(readMarkedJson(markedJson(value))).toEqual(value)
  expect(markedJson({ a: 1 })).toBe('{"a":1}')
})
