import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine } from '../src/compute/engine.ts'
import { createShipper } from '../src/compute/ship/ship.ts'
import { task } from '../src/compute/task/task.ts'
import type { WorkerPool } from '../src/compute/worker-pool.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { figure } from './figures.ts'
import { root } from './program.ts'

const { clock } = systemEnvironment()
const ROUNDS = 3
const TASK_MS = 20
const THREADS = 2

type Print = (line: string) => void

/**
 * What the driver itself can hold: up to 1,000 simulated workers that speak the protocol over real connections, from one process, and
 * run nothing. Growth with their number.
 */
export async function run(print: Print): Promise<void> {
  for (const workers of [10, 100, 1000]) {
    await measure(workers, TASK_MS, print)
    await measure(workers, 0, print)
  }
}

const empty = task(() => undefined)
/** One call to a task, as with functions that take longer. */
const single = task(() => undefined, { timeoutMs: 600_000 })

async function measure(workers: number, taskMs: number, print: Print): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const all = Promise.withResolvers<void>()
  const began = clock.monotonicMs()
  const { shoal } = await createEngine({
    env: systemEnvironment(),
    name: 'fleet',
    pool: simulatedPool(workers, taskMs),
    reach: { kind: 'unix', directory },
    pipeline: { hash: 'none', source: '' },
    shipper: createShipper(),
    workerTimeoutMs: 60_000,
    onEvent: (event) => event.type === 'workers' && event.threads === workers * THREADS && all.resolve(),
  })
  await all.promise
  const name = `${workers} workers of ${THREADS} threads`
  if (taskMs > 0) print(figure(`${name}: until all are connected`, [clock.monotonicMs() - began], 'ms'))
  const measured = async (what: string, count: number, work: () => Promise<unknown>, limit?: number) => {
    await work()
    const before = process.cpuUsage()
    const rates: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const from = clock.monotonicMs()
      await work()
      rates.push((count / (clock.monotonicMs() - from)) * 1000)
    }
    const { user, system } = process.cpuUsage(before)
    const each = ((user + system) / (count * ROUNDS)).toFixed(1)
    const most = limit === undefined ? '' : `; the workers could do ${limit.toLocaleString('en')}`
    print(`${figure(`  ${what}`, rates, '/s')}  ${each} µs of the driver's processor time each${most}`)
  }
  if (taskMs === 0) await measured('empty tasks, all at once', 200_000, calls(shoal, empty, 200_000))
  else {
    const few = Math.min(20_000, workers * THREADS * 20)
    const most = (workers * THREADS * 1000) / taskMs
    await measured(`tasks of ${taskMs} ms, each by itself`, few, calls(shoal, single, few), most)
  }
  await shoal.close()
  rmSync(directory, { recursive: true, force: true })
}

const calls = (shoal: Awaited<ReturnType<typeof createEngine>>['shoal'], of: typeof empty, count: number) => () =>
  Promise.all(Array.from({ length: count }, () => shoal.submit(of)))

function simulatedPool(workers: number, taskMs: number): WorkerPool {
  let child: ChildProcess | undefined
  return {
    wanted: workers,
    start(address, token) {
      const program = join(root, 'bench/programs/simulated-workers.ts')
      const args = [program, address, token, String(workers), String(THREADS), String(taskMs)]
      child = spawn(process.execPath, ['--no-warnings', ...args], { stdio: 'inherit' })
      return Promise.resolve()
    },
    investigate: (record) => Promise.resolve(record),
    discard: () => Promise.resolve(),
    reasons: () => Promise.resolve([]),
    close: () => Promise.resolve(void child?.kill('SIGKILL')),
  }
}
