import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine } from '../src/compute/engine.ts'
import { createShipper } from '../src/compute/ship/ship.ts'
import type { Shoal } from '../src/compute/shoal.ts'
import { task } from '../src/compute/task/task.ts'
import { createWorkerProcesses } from '../src/compute/worker-processes.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { figure } from './figures.ts'
import { measurePython } from './peers/python.ts'

const { clock } = systemEnvironment()
const ROUNDS = 5

type Print = (line: string) => void

/** Calls of tasks and actors, one worker process of two threads over its real connection; piscina with two threads beside. */
export async function run(print: Print): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  try {
    await measureShoal(directory, print)
    await measureLoss(directory, print)
    await measurePiscina(directory, print)
    await measurePython(print)
    for (const workers of [1, 8, 64]) await measureWorkers(workers, directory, print)
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

function openSession(directory: string, count: number, threads: number) {
  const pool = createWorkerProcesses({ count, threads })
  const engine = createEngine({
    env: systemEnvironment(),
    name: `bench-${count}`,
    pool,
    reach: { kind: 'unix', directory: join(directory, 's') },
    pipeline: { hash: 'none', source: '' },
    shipper: createShipper(),
    onEvent: () => {},
    workerTimeoutMs: 20_000,
  })
  return engine.then(({ shoal }) => ({ shoal, pool }))
}

async function measureShoal(directory: string, print: Print): Promise<void> {
  const { shoal, pool } = await openSession(directory, 1, 2)
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
  for (const count of [10_000, 100_000, 1_000_000]) await atOnce(shoal, count, print)
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

/** Growth with the number of worker processes of one thread: on two cores more of them are only more to talk to. */
async function measureWorkers(workers: number, directory: string, print: Print): Promise<void> {
  const { shoal, pool } = await openSession(directory, workers, 1)
  const count = 100_000
  const all = async () => void (await Promise.all(Array.from({ length: count }, () => shoal.submit(empty))))
  while (pool.running.size < workers) await shoal.submit(empty)
  await all()
  const began = clock.monotonicMs()
  await all()
  print(
    figure(`shoal: ${workers} worker processes, empty tasks`, [(count / (clock.monotonicMs() - began)) * 1000], '/s'),
  )
  await shoal.close()
}

/** Growth: all calls submitted before the first is awaited. */
async function atOnce(shoal: Shoal, count: number, print: Print): Promise<void> {
  const began = clock.monotonicMs()
  const futures = Array.from({ length: count }, () => shoal.submit(empty))
  await Promise.all(futures)
  print(figure(`shoal: ${count.toLocaleString('en')} tasks submitted at once`, [clock.monotonicMs() - began], 'ms'))
}

/** A worker is killed while it runs a task, and another has nothing to do. */
async function measureLoss(directory: string, print: Print): Promise<void> {
  const { shoal, pool } = await openSession(directory, 2, 1)
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const path = join(directory, `pid-${round}`)
    const running = shoal.submit(async (file: string) => {
      const { existsSync, writeFileSync: write } = await import('node:fs')
      if (existsSync(file)) return Date.now()
      write(file, String(process.pid))
      return await new Promise<number>(() => {})
    }, path)
    while (!isWritten(path)) await shoal.submit(empty)
    await Promise.all(Array.from(pool.running.values(), () => shoal.submit(empty)))
    const killedMs = Date.now()
    process.kill(Number(readFileSync(path, 'utf8')), 'SIGKILL')
    times.push((await running) - killedMs)
    while (pool.running.size < 2) await shoal.submit(empty)
    await shoal.wait([shoal.submit(() => new Promise(() => {}))], { timeoutMs: 500 })
  }
  print(figure('shoal: worker killed, until its task runs on a spare', times, 'ms', { target: 200 }))
  await shoal.close()
}

function isWritten(path: string): boolean {
  try {
    return readFileSync(path, 'utf8') !== ''
  } catch {
    return false
  }
}

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

/** So many calls, of which so many are under way at any time; the first round only warms up. */
async function measureCalls(
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
