import { parseArgs } from 'node:util'

/** Plays so many rounds of what a seed gives; resolves to a line for each thing that went wrong. */
export type Rounds = (seed: number, count: number) => Promise<readonly string[]>

/** The program of a file of rounds, `--seed N --count N`: prints what went wrong, and ends with 1 where anything did. */
export async function runRounds(rounds: Rounds, defaultCount: number): Promise<void> {
  const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string' } } })
  const count = Number(values.count ?? defaultCount)
  const faults = await rounds(Number(values.seed ?? 1), count)
  for (const fault of faults) console.log(fault)
  console.log(`${count} rounds, ${faults.length} faults`)
  process.exitCode = faults.length === 0 ? 0 : 1
}
