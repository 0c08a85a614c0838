import { expect, test } from 'vitest'
import { nodeLifecycleScenario } from './scenarios/node-lifecycle.ts'
import { report, simulate } from './simulation.ts'

/** A hundred, and those that have found something before. */
const SEEDS = [...Array.from({ length: 100 }, (_, index) => index + 1), 1008, 2275, 20440, 20567]

test.each(SEEDS)('seed %i: the story of "node-lifecycle" ends well, and no checker objects', async (seed) => {
  const outcome = await simulate(nodeLifecycleScenario, { seed })
  expect(outcome.finding === undefined ? '' : report(outcome)).toBe('')
})
