import { statSync } from 'node:fs'
import { figure } from './figures.ts'
import { wordsFile } from './inputs.ts'
import { root, runProgram } from './program.ts'

const SIZES = [3_500_000, 11_000_000, 35_000_000] as const
/** What the project allows itself at the largest size, in seconds. */
const TARGET = 20
const RUNS = 2

/** Words grouped into some 300,000 keys with every word shuffled, at three sizes; beside the same by hand on one thread. */
export async function run(print: (line: string) => void): Promise<void> {
  for (const words of SIZES) {
    const path = wordsFile(words)
    print(`${words / 1e6} million words, ${(statSync(path).size / 1e6).toFixed(0)} MB: process start to end`)
    const ours = [`${root}bin/shoal`, 'run', '--quiet', 'bench/programs/group-words.ts', path] as const
    const peer = [process.execPath, '--max-old-space-size=8000', 'bench/peers/group-words.ts', path] as const
    const watched = await runProgram(ours, { watchMemory: true })
    const alone = await runProgram(peer, { watchMemory: true })
    if (watched.output !== alone.output) throw new Error(`Cannot compare: ${watched.output} is not ${alone.output}`)
    const seconds = [watched.ms / 1000]
    for (let index = 1; index < RUNS; index++) seconds.push((await runProgram(ours)).ms / 1000)
    print(figure('  one thread, by hand', [alone.ms / 1000], 's'))
    const least = alone.ms / 2000
    const target = words === SIZES.at(-1) ? { target: TARGET } : {}
    print(figure('  shoal run, two worker pods', seconds, 's', { least, ...target }))
    if (alone.peakPssMb !== undefined) print(figure('  peak memory of one thread, PSS', [alone.peakPssMb], 'MB'))
    if (watched.peakPssMb !== undefined) {
      print(figure('  peak memory of shoal, PSS of all processes', [watched.peakPssMb], 'MB'))
    }
  }
  for (const line of EXPLANATION) print(line)
}

const EXPLANATION = [
  'The limit is half of what one thread takes that finds and groups the same words in its own memory. What takes the rest: every word is',
  'looked up twice, before it travels and after; between the two its place is written to disk by partition, with a checksum, and read.',
]
