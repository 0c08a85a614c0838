import { expect, test } from 'vitest'
import { createSeededRandom } from './seeded-random.ts'

const draw = (seed: string | number) => {
  const random = createSeededRandom(seed)
  return Array.from({ length: 1000 }, () => random.next())
}

test('a seed determines every number, and another seed gives others', () => {
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
})

test('numbers are spread over [0, 1)', () => {
  const numbers = draw('spread')
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
  const tenths = new Set(numbers.map((number) => Math.floor(number * 10)))
  expect(tenths.size).toBe(10)
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05)
})

test('a fork is not disturbed by what its parent draws', () => {
  const [a, b] = [createSeededRandom(1), createSeededRandom(1)]
  b.next()
  expect(a.fork('x').next()).toBe(b.fork('x').next())
  expect(a.fork('x').next()).not.toBe(a.fork('y').next())
})
