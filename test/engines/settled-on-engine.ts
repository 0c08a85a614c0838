import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestCluster } from '../../src/testing/index.ts'
import { NODE } from '../images/images.ts'
import { comparable } from '../settled/comparable.ts'
import { play, readScenario } from '../settled/scenario.ts'
import type { Engine } from './engine.ts'

/** Every scenario that was recorded, and for how long it may settle at the most, in milliseconds. */
export const SCENARIOS = {
  deployment: 40_000,
  'rolling-update': 60_000,
  'stateful-set': 60_000,
  'daemon-set': 40_000,
  'job-indexed': 40_000,
  'job-fails': 60_000,
  unschedulable: 40_000,
  'image-missing': 40_000,
  'init-and-sidecar': 40_000,
  'out-of-memory': 40_000,
  hooks: 40_000,
  liveness: 60_000,
  'crash-loop': 60_000,
} as const

export type ScenarioName = keyof typeof SCENARIOS

/** On a busy machine a program may listen later than it is asked whether it is ready. */
const LENIENCY = { withoutEvents: /Readiness probe failed: .*connection refused$/ }

export interface SettledSubject {
  readonly runtime: 'docker' | 'cri'
  /** Why the engine cannot be had here, with the command that helps. */
  readonly missing: string | undefined
  start(): Promise<Engine>
}

/** Scenarios on one engine, several at a time: each has a cluster of its own, as a test of a user's would. */
export function settledOnEngine({ runtime, missing, start }: SettledSubject, names: readonly ScenarioName[]): void {
  if (missing !== undefined) return void test.skip(`settled on ${runtime}: ${missing}`, () => {})
  describe.concurrent(`on ${runtime}`, () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await start()
      engine.load(NODE)
    }, 60_000)
    afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

    test.each(names)(
      'the scenario %s settles into the objects and events of a real cluster',
      async (name) => {
        const scenario = readScenario(name)
        const wanted = comparable(scenario.settled, LENIENCY)
        await using cluster = await createTestCluster({ runtime, engineEndpoint: engine.endpoint })
        const reached = await play(cluster.client, scenario, wanted, LENIENCY, SCENARIOS[name])
        expect(reached.objects).toEqual(wanted.objects)
        expect(reached.events).toEqual(wanted.events)
      },
      120_000,
    )
  })
}
