import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { task } from '../src/compute/task/task.ts'
import { coordinateSecurely } from '../src/compute/trust/coordinate-securely.ts'
import { createRunTrust } from '../src/compute/trust/run-trust.ts'
import { TRUST_FILES } from '../src/compute/wire/secure.ts'
import { WORKER_VARIABLES } from '../src/compute/wire/worker-variables.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { measureCalls, openSession } from './calls.ts'
import { figure } from './figures.ts'
import { measurePython } from './peers/python.ts'

type Print = (line: string) => void

/** Calls of tasks and actors, one worker process of two threads over its real connection; piscina with two threads, Ray and Dask beside. */
export async function run(print: Print): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  try {
    await measureShoal(directory, print)
    await measureSecurely(directory, print)
    await measurePiscina(directory, print)
    await measurePython(print)
    for (const line of EXPLANATION) print(line)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const empty = task(() => undefined)
const echo = task((value: unknown) => value)

class Counter {
  count = 0
  add(by: number): number {
    return (this.count += by)
  }
}

async function measureShoal(directory: string, print: Print): Promise<void> {
  const { shoal, pool } = await openSession(directory, { count: 1, threads: 2 })
  const pids = () => [process.pid, ...Array.from(pool.running.values(), ({ pid }) => pid ?? 0)]
  const rate = async (
    what: string,
    count: number,
    inFlight: number,
    goal: number,
    call: () => PromiseLike<unknown>,
    raw?: number,
  ) => {
    const { rates, driverMicros, workerMicros } = await measureCalls(count, inFlight, call, pids)
    print(figure(`shoal: ${what}`, rates, '/s', { goal, ...(raw !== undefined && { raw }) }))
    print(
      `${'  processor time for each: driver, worker'.padEnd(58)}  ${driverMicros.toFixed(1)} and ${workerMicros.toFixed(1)} µs`,
    )
  }
  await rate('empty task, one at a time', 3000, 1, 3000, () => shoal.submit(empty), 6250)
  const inFlight = 'empty tasks, 10,000 in flight, submitted singly'
  await rate(inFlight, 200_000, 10_000, 250_000, () => shoal.submit(empty), 730_000)
  const kibibyte = 'x'.repeat(1024)
  await rate('1 KiB there and back, 100 in flight', 50_000, 100, 50_000, () => shoal.submit(echo, kibibyte))
  const mebibyte = new Uint8Array(1 << 20).fill(7)
  await rate('1 MiB there and back, 4 in flight', 400, 4, 600, () => shoal.submit(echo, mebibyte), 980)
  const counter = shoal.actor(Counter)
  await rate('actor calls, one at a time', 3000, 1, 3000, () => counter.add(1))
  await rate('actor calls, 10,000 in flight', 200_000, 10_000, 150_000, () => counter.add(1))
  await shoal.close()
}

/** Workers as on another machine: over TLS, each side with a certificate of the run, and without memory in common. */
async function measureSecurely(directory: string, print: Print): Promise<void> {
  const trust = createRunTrust(systemEnvironment(), 'bench')
  for (const [part, file] of Object.entries(TRUST_FILES)) {
    writeFileSync(join(directory, file), trust.worker[part as keyof typeof TRUST_FILES], { mode: 0o600 })
  }
  const preload = new URL('programs/other-machine.ts', import.meta.url).href
  const { shoal } = await openSession(directory, {
    count: 1,
    threads: 2,
    nodeFlags: ['--import', preload],
    variables: { [WORKER_VARIABLES.trust]: directory },
    reach: coordinateSecurely({ kind: 'pod', host: '127.0.0.1' }, trust.coordinator),
  })
  const mebibyte = new Uint8Array(1 << 20).fill(7)
  const { rates } = await measureCalls(
    100,
    4,
    () => shoal.submit(echo, mebibyte),
    () => [process.pid],
  )
  print(figure('shoal: 1 MiB there and back over TLS, 4 in flight', rates, '/s', { goal: 180, raw: 200 }))
  await shoal.close()
}

/** What there is between our figures and the raw limits; the processor time beside each figure says how much of it. */
const EXPLANATION = [
  'Between these figures and the raw limits stand:',
  '  one at a time: the hop from the main thread of the worker to the thread that runs user code, and back, beside the socket',
  '  in flight: at the driver a future and a record for each call, queue and retries among it; the driver is the bound',
  '  1 KiB: each value is packed and unpacked at both ends, and its bytes are copied once more at the hop',
  '  1 MiB: a write to shared memory and a read from it each way; pages are used again, the copies are what is left',
]

async function measurePiscina(directory: string, print: Print): Promise<void> {
  const { default: piscina } = await import('piscina')
  const filename = join(directory, 'echo.mjs')
  writeFileSync(filename, 'export default (value) => value')
  const pool = new piscina.Piscina({ filename, minThreads: 2, maxThreads: 2, concurrentTasksPerWorker: 1 })
  const rate = async (what: string, count: number, inFlight: number, value: unknown) => {
    const { rates } = await measureCalls(
      count,
      inFlight,
      () => pool.run(value),
      () => [process.pid],
    )
    print(figure(`piscina: ${what}`, rates, '/s'))
  }
  await rate('empty task, one at a time', 3000, 1, undefined)
  await rate('empty tasks, 10,000 in flight', 30_000, 10_000, undefined)
  await rate('1 KiB there and back, 100 in flight', 20_000, 100, 'x'.repeat(1024))
  await rate('1 MiB there and back, 4 in flight', 400, 4, new Uint8Array(1 << 20))
  await pool.destroy()
}
