import { expect, test } from 'vitest'
import { runExample } from '../run-example.ts'

/** The price of the call by integrating what it pays over the normal distribution, in small steps. */
function integrated(): number {
  const step = 1e-4
  let sum = 0
  for (let z = -10; z < 10; z += step) {
    const pays = Math.max(0, 100 * Math.exp(0.03 - 0.02 + 0.2 * z) - 105)
    sum += (pays * Math.exp((-z * z) / 2) * step) / Math.sqrt(2 * Math.PI)
  }
  return Math.exp(-0.03) * sum
}

test('the simulated price is the formula’s within its statistical error, and the same each time', async () => {
  const first = await runExample('monte-carlo', '400000')
  const [, count, price, error, formula] =
    /^(\d+) paths: ([\d.]+), standard error ([\d.]+)\nformula: ([\d.]+)\n$/.exec(first) ?? []
  expect(Number(count)).toBe(400_000)
  expect(Number(formula)).toBeCloseTo(integrated(), 3)
  expect(Number(error)).toBeGreaterThan(0.005)
  expect(Number(error)).toBeLessThan(0.05)
  expect(Math.abs(Number(price) - Number(formula))).toBeLessThan(3 * Number(error))
  expect(await runExample('monte-carlo', '400000')).toBe(first)
})
