import { parseArgs } from 'node:util'
import { SCENARIOS } from './scenarios/scenarios.ts'
import { report, simulate } from './simulation.ts'

/** `node sim/run.ts --scenario job --seed 7 --trace`, or `--count 1000` for as many seeds from there on. */
const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'job' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
})
const scenario = SCENARIOS[values.scenario]
if (scenario === undefined) {
  const known = Object.keys(SCENARIOS).join(', ')
  process.stderr.write(`Cannot simulate "${values.scenario}": no such scenario, expected one of ${known}\n`)
  process.exit(2)
}
const first = Number(values.seed)
for (let seed = first; seed < first + Number(values.count); seed++) {
  const tell = (line: string) => void process.stdout.write(`${line}\n`)
  const outcome = await simulate(scenario, { seed, ...(values.trace && { tell }) })
  const minutes = Math.round(outcome.virtualMs / 60_000)
  if (outcome.finding === undefined) {
    process.stdout.write(`seed ${seed}: settled after ${minutes} virtual minutes, ${outcome.steps} steps\n`)
  } else {
    process.stdout.write(`${report(outcome)}\n`)
    process.exitCode = 1
  }
}
