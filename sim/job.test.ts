import { expect, test } from 'vitest'
import { jobScenario } from './scenarios/job.ts'
import { report, simulate } from './simulation.ts'

const SEEDS = Array.from({ length: 100 }, (_, index) => index + 1)

test.each(SEEDS)('seed %i: the story of "job" ends well, and no checker objects', async (seed) => {
  const outcome = await simulate(jobScenario, { seed })
  expect(outcome.finding === undefined ? '' : report(outcome)).toBe('')
})
