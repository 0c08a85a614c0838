import { expect, test } from 'vitest'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  milliOf,
  subtractQuantities,
  wholeOf,
} from './quantity.ts'

/** The canonical form, by the comment of Kubernetes' `resource.Quantity`: no precision lost, no fraction, the largest suffix. */
test.each([
  ['1.5', '1500m'],
  ['1.5Gi', '1536Mi'],
  ['1024Mi', '1Gi'],
  ['1000m', '1'],
  ['0.1', '100m'],
  ['100', '100'],
  ['1000', '1k'],
  ['1000k', '1M'],
  ['1500k', '1500k'],
  ['1024', '1024'],
  ['1e3', '1e3'],
  ['12E', '12E'],
  ['0Ki', '0'],
  ['-1.5', '-1500m'],
  ['0.5Ki', '512'],
  ['.5', '500m'],
  ['5.', '5'],
  ['0.0000000001', '1n'],
])('the quantity %s is written as %s', (text, canonical) => expect(canonicalQuantity(text)).toBe(canonical))

test.each(['', 'abc', '1 Gi', '1gi', '1.2.3', '--1', '1mm', 'Gi', '1e', '1KI'])('%j is no quantity', (text) =>
  expect(canonicalQuantity(text)).toBeUndefined(),
)

test('quantities compare by amount, whatever their suffixes', () => {
  expect(compareQuantities('1', '1000m')).toBe(0)
  expect(compareQuantities('1Gi', '1G')).toBe(1)
  expect(compareQuantities('999m', 1)).toBe(-1)
})

test('sums keep the format of what they began with', () => {
  expect(addQuantities('500m', '1')).toBe('1500m')
  expect(addQuantities('1Gi', '1024Mi')).toBe('2Gi')
  expect(addQuantities('0', '1Gi')).toBe('1Gi')
  expect(subtractQuantities('1Gi', '512Mi')).toBe('512Mi')
})

test('whole units and thousandths are rounded up', () => {
  expect([wholeOf('1500m'), wholeOf('1Ki'), milliOf('1.5'), milliOf('100u')]).toEqual([2, 1024, 1500, 1])
})
