import { expect, test } from 'vitest'
import { amountAt, parseSteps, totalUntil } from './simulated-use.ts'

test('use of a simulated container follows the steps of its annotation, and CPU time adds up over them', () => {
  const steps = parseSteps('100m 1m:2 90s:500m')
  expect([0, 59_999, 60_000, 90_000, 1e9].map((at) => amountAt(steps, at))).toEqual([0.1, 0.1, 2, 0.5, 0.5])
  expect(totalUntil(steps, 30_000)).toBeCloseTo(3_000)
  expect(totalUntil(steps, 100_000)).toBeCloseTo(6_000 + 60_000 + 5_000)
  expect(amountAt(parseSteps('128Mi'), 5)).toBe(128 * 2 ** 20)
})
