import { expect, test } from 'vitest'
import { SCENARIOS } from './scenarios/scenarios.ts'
import { simulate } from './simulation.ts'

for (const scenario of Object.values(SCENARIOS)) {
  test(`${scenario.name}: one seed gives one story, to the last line of its trace`, async () => {
    for (const seed of [3, 14, 15]) {
      const [first, second] = [await simulate(scenario, { seed }), await simulate(scenario, { seed })]
      expect(second.trace.lines()).toEqual(first.trace.lines())
      expect(second.steps).toBe(first.steps)
    }
  })

  test(`${scenario.name}: two seeds give two stories`, async () => {
    const [first, second] = [await simulate(scenario, { seed: 1 }), await simulate(scenario, { seed: 2 })]
    expect(second.trace.lines()).not.toEqual(first.trace.lines())
  })
}
