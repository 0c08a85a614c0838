import { expect, test } from 'vitest'
import { jobScenario } from './scenarios/job.ts'
import { report, simulate } from './simulation.ts'

/** A hundred, and those that have found something before. */
const SEEDS = [...Array.from({ length: 100 }, (_, index) => index + 1), 1016, 1421, 3489, 20084]

test.each(SEEDS)('seed %i: the story of "job" ends well, and no checker objects', async (seed) => {
  const outcome = await simulate(jobScenario, { seed })
  expect(outcome.finding === undefined ? '' : report(outcome)).toBe('')
})
