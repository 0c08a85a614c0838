import { expect, test } from 'vitest'
import { contentionScenario } from './scenarios/contention.ts'
import { report, simulate } from './simulation.ts'

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1)

test.each(SEEDS)('seed %i: the story of "contention" ends well, and no checker objects', async (seed) => {
  const outcome = await simulate(contentionScenario, { seed })
  expect(outcome.finding === undefined ? '' : report(outcome)).toBe('')
})
