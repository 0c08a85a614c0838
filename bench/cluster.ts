import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pods } from '../src/api/generated/resources.ts'
import { createHttpClient } from '../src/client/http.ts'
import { parseKubeconfig } from '../src/client/kubeconfig.ts'
import { figure } from './figures.ts'
import { processMemory, treeMemory } from './memory.ts'
import { interrupt, root, runProgram, start } from './program.ts'

const RUNS = 7

/** How soon a cluster answers and how much memory it keeps, as a command and within a process. */
export async function run(print: (line: string) => void): Promise<void> {
  await asCommand(print)
  await inProcess(print)
}

interface Up {
  readonly firstListMs: number
  readonly readyMs: number
  readonly itselfMs: number
}

async function asCommand(print: (line: string) => void): Promise<void> {
  await up()
  const runs: Up[] = []
  for (let i = 0; i < RUNS; i++) runs.push(await up())
  const of = (name: keyof Up) => runs.map((each) => each[name])
  const kubernetes = '4,300 ms, API server and etcd alone 3,200 ms'
  print(
    figure('shoal up --in-memory: start to first LIST over HTTPS', of('firstListMs'), 'ms', {
      target: 400,
      kubernetes,
    }),
  )
  print(figure('  until nodes, scheduler and controllers work', of('readyMs'), 'ms'))
  print(figure('  of which the cluster itself', of('itselfMs'), 'ms', { target: 100 }))
  await up((pid) => atRest(pid, print))
}

async function atRest(pid: number, print: (line: string) => void): Promise<void> {
  await sleep(5000)
  const memory = processMemory(pid)
  const whole = treeMemory(pid)
  if (memory === undefined || whole === undefined) return print('memory at rest: this system does not tell it')
  const kubernetes = '710 MB, API server and etcd alone 300 MB'
  print(figure('  resident memory after 5 s at rest', [memory.rssMb], 'MB', { target: 110, kubernetes }))
  print(figure(`  PSS of all ${whole.processes} processes together`, [whole.pssMb], 'MB'))
}

/** Starts a cluster, waits for its first answer over HTTPS, and ends it after `meanwhile`. */
async function up(meanwhile?: (pid: number) => Promise<void>): Promise<Up> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const kubeconfig = join(directory, 'kubeconfig')
  const started = performance.now()
  const command = [`${root}bin/shoal`, 'up', '--in-memory', '--port', '0', '--kubeconfig', kubeconfig] as const
  const child = start(command, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  try {
    await listOnce(kubeconfig, () => child.exitCode !== null)
    const firstListMs = performance.now() - started
    while (!said.includes('ready in')) await sleep(3)
    const [, readyMs, itselfMs] = /ready in (\d+) ms \(the cluster itself (\d+) ms\)/.exec(said) ?? []
    await meanwhile?.(child.pid!)
    return { firstListMs, readyMs: Number(readyMs), itselfMs: Number(itselfMs) }
  } finally {
    await interrupt(child)
    rmSync(directory, { recursive: true })
  }
}

/** Waits for the kubeconfig and lists pods with what it says. */
async function listOnce(kubeconfig: string, hasEnded: () => boolean): Promise<void> {
  while (!existsSync(kubeconfig) || readFileSync(kubeconfig, 'utf8') === '') {
    if (hasEnded()) throw new Error('Cannot measure "shoal up": it ended before it was ready, expected a kubeconfig')
    await sleep(3)
  }
  const { endpoint } = await parseKubeconfig(readFileSync(kubeconfig, 'utf8'))
  const client = createHttpClient(endpoint)
  await client.list(pods)
  client.close()
}

interface InProcess {
  readonly firstListMs: number
  readonly furtherMs: number
  readonly furtherMb: number
}

async function inProcess(print: (line: string) => void): Promise<void> {
  const program = [process.execPath, '--expose-gc', `${root}bench/programs/clusters.ts`] as const
  await runProgram(program)
  const runs: InProcess[] = []
  for (let i = 0; i < 5; i++) runs.push(JSON.parse((await runProgram(program)).output) as InProcess)
  const of = (name: keyof InProcess) => runs.map((each) => each[name])
  print(figure('Cluster.create() to first LIST, in a new process', of('firstListMs'), 'ms', { target: 50 }))
  print(figure('  a further cluster in the same process', of('furtherMs'), 'ms', { target: 10 }))
  print(figure('  memory of a further cluster', of('furtherMb'), 'MB', { target: 5 }))
}
