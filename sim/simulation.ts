import type { Finding } from './inspection.ts'
import type { Scenario } from './scenarios/scenario.ts'
import type { Trace } from './trace.ts'
import { settled } from './virtual-time.ts'
import { waitsFor } from './waits-for.ts'
import { createWorld } from './world.ts'
import type { World, WorldOptions } from './world.ts'

/** How a simulation went. */
export interface Outcome {
  readonly seed: number | string
  readonly scenario: string
  readonly finding: Finding | undefined
  /** Where it did not settle: who waits for what. */
  readonly waiting: readonly string[]
  readonly trace: Trace
  readonly virtualMs: number
  readonly steps: number
}

/** How long a calm cluster may take to settle after the scenario's end, in virtual milliseconds; and how often we look. */
const SETTLE_MS = 2 * 3_600_000
const LOOK_EVERY_MS = 5_000

/** Lines of the trace that a report shows. */
const LINES_OF_REPORT = 40

/** Plays `scenario` as the seed has it, lets the cluster settle, and tells what the checkers found. */
export async function simulate(scenario: Scenario, options: WorldOptions): Promise<Outcome> {
  const world = await createWorld(options)
  const { time, trace } = world
  const { finding, waiting } = await drive(world, play(world, scenario))
  trace.end()
  await world.close()
  const { elapsedMs: virtualMs, steps } = time
  return { seed: options.seed, scenario: scenario.name, finding, waiting, trace, virtualMs, steps }
}

type Verdict = Pick<Outcome, 'finding' | 'waiting'>

async function play(world: World, scenario: Scenario): Promise<Verdict> {
  const { time, inspection } = world
  world.controllers.start()
  world.scheduler.start()
  const verify = await scenario.play(world)
  world.calmDown()
  const deadlineMs = time.elapsedMs + SETTLE_MS
  for (;;) {
    await world.wait(LOOK_EVERY_MS)
    const open = inspection.unsettled()
    if (open === undefined) break
    if (time.elapsedMs < deadlineMs) continue
    const message = `not settled after ${SETTLE_MS / 1000} s without faults: ${open.message}`
    return { finding: { ...open, message }, waiting: waitsFor(world) }
  }
  return { finding: verify(world.store.durable()), waiting: [] }
}

/** Lets time pass until `script` has ended or a checker has found something. */
async function drive({ time, inspection }: World, script: Promise<Verdict>): Promise<Verdict> {
  let verdict: Verdict | undefined
  let failure: { readonly error: unknown } | undefined
  script.then(
    (ended) => (verdict = ended),
    (error: unknown) => (failure = { error }),
  )
  await settled()
  while (verdict === undefined && failure === undefined && inspection.finding === undefined) {
    if (await time.step()) continue
    return { finding: { checker: 'time passes', message: 'everything waits and nothing is due' }, waiting: [] }
  }
  if (failure !== undefined) throw failure.error
  return inspection.finding === undefined ? verdict! : { finding: inspection.finding, waiting: [] }
}

/** What a person needs to know of a simulation that failed: seed, finding, the end of the story, and how to see it again. */
export function report({ seed, scenario, finding, waiting, trace }: Outcome): string {
  const name = /\s/.test(scenario) ? JSON.stringify(scenario) : scenario
  return [
    `seed ${seed} of "${scenario}": ${finding?.checker}: ${finding?.message}`,
    ...waiting.map((line) => `  waits: ${line}`),
    ...trace.lines(LINES_OF_REPORT),
    `again: node sim/run.ts --scenario ${name} --seed ${seed} --trace`,
  ].join('\n')
}
