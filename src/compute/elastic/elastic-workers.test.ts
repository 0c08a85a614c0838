import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { createEngine } from '../engine.ts'
import type { StageDemand } from '../coordinator/demand.ts'
import type { EngineOptions } from '../engine.ts'
import { createShipper } from '../ship/ship.ts'
import type { Shoal } from '../shoal.ts'
import { createWorkerProcesses } from '../worker-processes.ts'
import { workerPrograms } from '../worker-program.ts'
import type { ElasticLimits } from './elastic-pool.ts'
import { wantedWorkers } from './wanted-workers.ts'

const LIMITS: ElasticLimits = { min: 0, max: 8, spare: 0, idleMs: 1000 }

test('as many workers are wanted as hold what tasks need together, within the limits', () => {
  const stage = { name: 'resize', priority: 0, running: 2, waiting: 4 }
  const wanted = (needs: Record<string, number> | undefined, limits = LIMITS) =>
    wantedWorkers(
      { stages: [{ ...stage, ...(needs && { needs }) }], workers: [] },
      { cpu: 2, memory: 4e9, gpu: 1 },
      limits,
    )
  expect(wanted(undefined)).toBe(3)
  expect(wanted({ cpu: 1, gpu: 1 })).toBe(6)
  expect(wanted({ memory: 3e9 })).toBe(5)
  expect(wanted({ gpu: 4 })).toBe(8)
  expect(wanted({ cpu: 0.1 })).toBe(1)
  expect(wanted(undefined, { ...LIMITS, spare: 1 })).toBe(4)
  const of = (more: Partial<StageDemand>) =>
    wantedWorkers({ stages: [{ ...stage, ...more }], workers: [] }, { cpu: 1 }, { ...LIMITS, max: 1000 })
  expect(of({ waiting: 500 })).toBe(502)
  expect(of({ waiting: 500, taskMs: 5 })).toBe(7)
  expect(of({ waiting: 500, taskMs: 5000 })).toBe(502)
  expect(of({ waiting: undefined, running: 8 })).toBe(16)
  expect(wantedWorkers({ stages: [], workers: [] }, { cpu: 2 }, { ...LIMITS, spare: 1 })).toBe(0)
})

/** A session on processes, and how many of them there are as it changes. */
async function open(count: number, options: Partial<EngineOptions>) {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-elastic-'))
  const pool = createWorkerProcesses({ count, threads: 1 })
  const counts: number[] = []
  const grown: number[] = []
  const elasticPool = {
    ...pool.elastic!,
    grow: (wanted: number) => (grown.push(wanted), pool.elastic!.grow(wanted)),
  }
  const waiting = new Set<() => void>()
  const { shoal } = await createEngine({
    env: systemEnvironment(),
    name: 'elastic',
    pool: Object.create(pool, { elastic: { value: elasticPool } }) as typeof pool,
    reach: { kind: 'unix', directory },
    pipeline: { hash: 'none', source: '' },
    shipper: createShipper(),
    workerTimeoutMs: 30_000,
    ...options,
    onEvent(event) {
      if (event.type !== 'workers' || counts.at(-1) === event.workers) return
      counts.push(event.workers)
      for (const look of waiting) look()
    },
  })
  onTestFinished(async () => {
    await shoal.close()
    rmSync(directory, { recursive: true })
  })
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => counts.at(-1) === count && (waiting.delete(look), resolve())
      waiting.add(look)
      look()
    })
  return { shoal, pool, counts, grown, until }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

const elastic = (limits: Partial<ElasticLimits>) => ({
  elastic: { min: 0, max: 3, spare: 0, idleMs: 300, ...limits, capacity: { cpu: 1 } },
})

const blockFor = (ms: number) => {
  const until = performance.now() + ms
  while (performance.now() < until);
  return process.pid
}

test('workers come with the work, leave when there is none, and come again', async () => {
  const { shoal, counts, until } = await open(0, elastic({}))
  const pids = await shoal.settled(Array.from({ length: 12 }, () => shoal.submit(blockFor, 400)))
  expect(pids.filter(({ status }) => status === 'failed')).toEqual([])
  expect(Math.max(...counts)).toBeGreaterThan(1)
  expect(Math.max(...counts)).toBeLessThanOrEqual(3)
  await until(0)
  expect(await shoal.submit((n: number) => n + 1, 1)).toBe(2)
})

test('as many workers as the work can use come at once, within the limits, of datasets and items as of calls', async () => {
  const slow = (ms: number) => new Promise<number>((resolve) => setTimeout(resolve, ms, process.pid))
  const cache = mkdtempSync(join(tmpdir(), 'shoal-elastic-'))
  onTestFinished(() => rmSync(cache, { recursive: true }))
  const file = (n: number) => {
    const path = join(cache, `${n}`)
    writeFileSync(path, 'x'.repeat(20_000))
    return path
  }
  const works: ((shoal: Shoal) => Promise<number[]>)[] = [
    (shoal) => shoal.map(numbers(12), () => slow(900)),
    (shoal) =>
      shoal
        .files(numbers(12).map((n) => file(n)))
        .binaryFiles()
        .map(() => slow(900))
        .collect(),
  ]
  const { pipeline } = await workerPrograms(cache)
  for (const work of works) {
    const { shoal, grown } = await open(0, { ...elastic({ max: 5, idleMs: 60_000 }), pipeline })
    const pids = await work(shoal)
    expect(new Set(pids).size).toBeGreaterThan(1)
    expect(grown.slice(0, 2)).toEqual([1, 5])
  }
})

class Counter {
  count = 0
  add(): number {
    return ++this.count
  }
  saveState(): number {
    return this.count
  }
  restoreState(count: number): void {
    this.count = count
  }
  pid(): number {
    return process.pid
  }
}

test('a worker that is told to end does what it is at, and its actors go elsewhere with what they know', async () => {
  const { shoal, pool, until } = await open(2, {})
  await until(2)
  const counter = shoal.actor(Counter)
  expect(await counter.add()).toBe(1)
  const pid = await counter.pid()
  const running = shoal.submit(blockFor, 500)
  const ended = new Promise((resolve) => {
    for (const child of pool.running.values()) if (child.pid === pid) child.once('exit', resolve)
  })
  process.kill(pid, 'SIGTERM')
  expect(await ended).toBe(143)
  expect(await counter.add()).toBe(2)
  expect(await counter.pid()).not.toBe(pid)
  expect(await running).toBeTypeOf('number')
  expect(shoal.control(counter).restarts).toBe(0)
})

test('a worker that is ended before it is done costs its task nothing but the time', async () => {
  const { shoal, pool, until } = await open(1, {})
  await until(1)
  for (let round = 0; round < 4; round++) {
    const [child] = pool.running.values()
    const hangsAt = (pid: number) => (process.pid === pid ? new Promise<number>(() => {}) : process.pid)
    const running = shoal.submit(hangsAt, child!.pid!)
    await shoal.wait([running], { timeoutMs: 100 })
    child!.kill('SIGTERM')
    await shoal.wait([running], { timeoutMs: 50 })
    child!.kill('SIGKILL')
    expect(await running).not.toBe(child!.pid)
  }
})

test('work that wants all workers at once begins when the last of them is there', async () => {
  const { shoal, pool, until } = await open(1, { gang: 2 })
  await until(1)
  const running = shoal.submit(() => process.pid)
  await shoal.wait([running], { timeoutMs: 200 })
  expect(running.why().length + shoal.why().length).toBeGreaterThan(0)
  expect(shoal.why()).toContain('work waits for all 2 workers to be there: 1 are')
  await pool.elastic?.grow(2)
  expect(await running).toBeTypeOf('number')
})
