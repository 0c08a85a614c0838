import { expect, test } from 'vitest'
import { report, simulate } from './simulation.ts'
import { workloadsScenario } from './scenarios/workloads.ts'

const SEEDS = Array.from({ length: 30 }, (_, index) => index + 1)

test.each(SEEDS)('seed %i: the story of "workloads" ends well, and no checker objects', async (seed) => {
  const outcome = await simulate(workloadsScenario, { seed })
  expect(outcome.finding === undefined ? '' : report(outcome)).toBe('')
})
