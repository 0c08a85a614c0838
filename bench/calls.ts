import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from '../src/compute/engine.ts'
import type { EngineOptions } from '../src/compute/engine.ts'
import { createShipper } from '../src/compute/ship/ship.ts'
import { createWorkerProcesses } from '../src/compute/worker-processes.ts'
import type { WorkerProcessesOptions } from '../src/compute/worker-processes.ts'
import { systemEnvironment } from '../src/env/system.ts'

const { clock } = systemEnvironment()
const ROUNDS = 5

/** A session on worker processes of its own, all of them there, over their real connection; `reach` where the coordinator is not in this process' own socket. */
export async function openSession(
  directory: string,
  {
    name = 'bench',
    reach,
    ...workers
  }: WorkerProcessesOptions & { readonly name?: string; readonly reach?: EngineOptions['reach'] },
) {
  const pool = createWorkerProcesses(workers)
  const complete = Promise.withResolvers<void>()
  const { shoal } = await createEngine({
    env: systemEnvironment(),
    name,
    pool,
    reach: reach ?? { kind: 'unix', directory: join(directory, 's') },
    pipeline: { hash: 'none', source: '' },
    shipper: createShipper(),
    onEvent(event) {
      // A measurement that stands still says what for.
      if (event.type === 'waiting') console.error(`waits: ${event.reasons.join('; ')}`)
      if (event.type === 'workers' && event.threads === workers.count * workers.threads) complete.resolve()
    },
    workerTimeoutMs: 20_000,
  })
  await complete.promise
  return { shoal, pool }
}

/** So many calls, of which so many are under way at any time; the first round only warms up. */
export async function measureCalls(
  count: number,
  inFlight: number,
  call: () => PromiseLike<unknown>,
  pids: () => readonly number[],
) {
  await flow(count, inFlight, call)
  const before = pids().map(processorMs)
  const rates: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const began = clock.monotonicMs()
    await flow(count, inFlight, call)
    rates.push((count / (clock.monotonicMs() - began)) * 1000)
  }
  const used = pids().map((pid, index) => ((processorMs(pid) - (before[index] ?? 0)) * 1000) / (count * ROUNDS))
  return { rates, driverMicros: used[0] ?? 0, workerMicros: used.slice(1).reduce((sum, micros) => sum + micros, 0) }
}

function flow(count: number, inFlight: number, call: () => PromiseLike<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    let [begun, done] = [0, 0]
    const next = () => {
      if (begun >= count) return
      begun++
      call().then(onDone, reject)
    }
    const onDone = () => {
      if (++done === count) return resolve()
      next()
    }
    for (let at = 0; at < inFlight; at++) next()
  })
}

/** Of a process as a whole, in ticks of ten milliseconds; nothing where the system does not tell. */
function processorMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return 0
  }
}
