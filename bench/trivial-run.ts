import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from './figures.ts'
import { treeMemory } from './memory.ts'
import { interrupt, root, runProgram, start } from './program.ts'

const RUNS = 7

/** The least that a program can do: one item on one worker; and what a session keeps while it waits. */
export async function run(print: (line: string) => void): Promise<void> {
  const command = [`${root}bin/shoal`, 'run', '--quiet', 'bench/programs/one-item.ts'] as const
  await runProgram(command)
  const runs = []
  for (let i = 0; i < RUNS; i++) runs.push(await runProgram(command))
  const first = runs.map(({ firstOutputMs }) => firstOutputMs)
  print(
    figure('shoal run of a map of one item: start to first result', first, 'ms', {
      target: 500,
    }),
  )
  print(
    figure(
      '  until the program has ended',
      runs.map(({ ms }) => ms),
      'ms',
    ),
  )
  await atRest(print)
}

async function atRest(print: (line: string) => void): Promise<void> {
  const args = ['run', '--quiet', '--workers', '2', '--threads', '1', 'bench/programs/at-rest.ts']
  const child = start([`${root}bin/shoal`, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    await new Promise((resolve) => child.stdout!.once('data', resolve).once('end', resolve))
    await sleep(5000)
    const memory = treeMemory(child.pid!)
    if (memory === undefined) return print('memory at rest: this system does not tell it')
    const what = '  two pods of one thread, PSS of all processes after 5 s at rest'
    print(figure(what, [memory.pssMb], 'MB', { target: 220 }))
  } finally {
    await interrupt(child)
  }
}
