import { statSync } from 'node:fs'
import { corpus } from './corpus.ts'
import { figure, median } from './figures.ts'
import { root, runProgram } from './program.ts'
import type { Ended } from './program.ts'

const RUNS = 7

type Command = readonly [string, ...string[]]

/** The word count of examples/word-count over 300 MB, beside the same by hand on one thread and on `piscina`. */
export async function run(print: (line: string) => void): Promise<void> {
  const { one, many } = corpus()
  for (const files of [one, many]) {
    const megabytes = files.reduce((sum, path) => sum + statSync(path).size, 0) / 1e6
    await measure(
      files,
      `${megabytes.toFixed(0)} MB in ${files.length === 1 ? 'one file' : `${files.length} files`}`,
      print,
    )
  }
  for (const line of EXPLANATION) print(line)
}

const EXPLANATION = [
  'The limit is the same by hand on two threads of one process. What takes the rest: the start of the cluster and its pods (see',
  'trivial-run), and counts that are sent to the driver and added up there.',
]

/** The three take turns, so that what else the machine does meets all of them. */
async function measure(files: readonly string[], title: string, print: (line: string) => void): Promise<void> {
  const commands: Readonly<Record<'shoal' | 'piscina' | 'thread', Command>> = {
    shoal: [`${root}bin/shoal`, 'run', '--quiet', 'examples/word-count/main.ts', ...files],
    piscina: [process.execPath, 'bench/peers/piscina.ts', ...files],
    thread: [process.execPath, 'bench/peers/one-thread.ts', ...files],
  }
  const watched = {
    thread: await runProgram(commands.thread, { watchMemory: true }),
    piscina: await runProgram(commands.piscina, { watchMemory: true }),
    shoal: await runProgram(commands.shoal, { watchMemory: true }),
  }
  const times = { shoal: [] as number[], piscina: [] as number[], thread: [watched.thread.ms] }
  for (let i = 0; i < RUNS; i++) {
    for (const name of ['shoal', 'piscina'] as const) times[name].push((await runProgram(commands[name])).ms)
  }
  print(`${title}: the 20 most frequent words, process start to end`)
  const seconds = (values: readonly number[]) => values.map((ms) => ms / 1000)
  print(figure('  one thread, by hand', seconds(times.thread), 's'))
  print(figure('  piscina, 32 ranges on two threads', seconds(times.piscina), 's'))
  const target = (median(times.piscina) / 1000) * 1.15
  const least = median(times.piscina) / 1000
  print(figure('  shoal run, cluster start included', seconds(times.shoal), 's', { target, least }))
  printMemory(watched, print)
  print(`  outputs: ${sameOutputs(watched)}`)
}

type Watched = Readonly<Record<'shoal' | 'piscina' | 'thread', Ended>>

function printMemory(watched: Watched, print: (line: string) => void): void {
  for (const name of ['thread', 'piscina', 'shoal'] as const) {
    const peak = watched[name].peakPssMb
    const target = name === 'shoal' ? { target: 500 } : {}
    if (peak !== undefined) print(figure(`  peak memory of ${label[name]}, PSS of all processes`, [peak], 'MB', target))
  }
}

const label = { thread: 'one thread', piscina: 'piscina', shoal: 'shoal' } as const

function sameOutputs({ shoal, piscina, thread }: Watched): string {
  if (shoal.output === thread.output && piscina.output === thread.output) return 'equal'
  throw new Error(
    `Cannot compare the word counts: they differ, expected equal ones\n${thread.output}\n${piscina.output}\n${shoal.output}`,
  )
}
