import { setTimeout as sleep } from 'node:timers/promises'
import { figure, median } from './figures.ts'
import { treeMemory } from './memory.ts'
import { interrupt, root, runProgram, start } from './program.ts'

const RUNS = 7

const EXPLANATION = [
  'The limits are of Node alone: of time, two starts of an empty program one after the other, the driver and then its worker; of memory,',
  'a driver and two workers of one thread each that do nothing. What takes the rest: the control plane is started beside the driver,',
  'the program is parsed and its functions found, a pod goes through scheduler and node agent; and in memory the control plane, the spawner,',
  'and the heaps that have run code.',
]

/** The least that a program can do: one item on one worker; and what a session keeps while it waits. */
export async function run(print: (line: string) => void): Promise<void> {
  const command = [`${root}bin/shoal`, 'run', '--quiet', 'bench/programs/one-item.ts'] as const
  await runProgram(command)
  const runs = []
  for (let i = 0; i < RUNS; i++) runs.push(await runProgram(command))
  const first = runs.map(({ firstOutputMs }) => firstOutputMs)
  const bare: number[] = []
  for (let i = 0; i < RUNS; i++) bare.push((await runProgram([process.execPath, '-e', '0'])).ms)
  print(
    figure('shoal run of a map of one item: start to first result', first, 'ms', {
      target: 500,
      least: 2 * median(bare),
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
  for (const line of EXPLANATION) print(line)
}

/** What a driver and two workers take that do nothing. */
async function bareMemory(): Promise<number | undefined> {
  const thread = `new (require('node:worker_threads').Worker)('setInterval(() => {}, 1e6)', { eval: true })`
  const programs = ['setInterval(() => {}, 1e6)', thread, thread]
  const children = programs.map((text) => start([process.execPath, '-e', text], { stdio: 'ignore' }))
  try {
    await sleep(1000)
    const each = children.map(({ pid }) => treeMemory(pid!)?.pssMb)
    return each.reduce((sum, mb) => (sum === undefined || mb === undefined ? undefined : sum + mb), 0)
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
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
    const least = await bareMemory()
    print(figure(what, [memory.pssMb], 'MB', { target: 220, ...(least !== undefined && { least }) }))
  } finally {
    await interrupt(child)
  }
}
