import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemEnvironment } from '../env/system.ts'
import { createEngine } from './engine.ts'
import type { Engine } from './engine.ts'
import type { ComputeEvent } from './events.ts'
import { createShipper } from './ship/ship.ts'
import { createWorkerProcesses } from './worker-processes.ts'
import type { WorkerPool } from './worker-pool.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-'))
const events: ComputeEvent[] = []
let engine: Engine
let silence: Promise<void>

const open = (pool: WorkerPool, name: string, workerTimeoutMs: number, onEvent: (event: ComputeEvent) => void) =>
  createEngine({
    env: systemEnvironment(),
    name,
    pool,
    reach: { kind: 'unix', directory: join(directory, 's') },
    pipeline: { hash: 'none', source: '' },
    shipper: createShipper(),
    onEvent,
    workerTimeoutMs,
    limits: { heartbeatMs: 50, silentMs: 600 },
  })

beforeAll(async () => {
  const lost = Promise.withResolvers<void>()
  silence = lost.promise
  engine = await open(createWorkerProcesses({ count: 2, threads: 1 }), 'silent', 20_000, (event) => {
    events.push(event)
    if (event.type === 'loss') lost.resolve()
  })
})

afterAll(async () => {
  await engine.shoal.close()
  rmSync(directory, { recursive: true })
})

test('a function that blocks its thread for longer than a worker may be silent is not taken for lost', async () => {
  const results = await engine.shoal.map([1500, 1500], (blockMs) => {
    const end = performance.now() + blockMs
    while (performance.now() < end);
    return blockMs
  })
  expect(results).toEqual([1500, 1500])
  expect(events.filter(({ type }) => type === 'loss')).toEqual([])
})

test('a worker that is frozen is given up by its silence, and its task runs elsewhere', async () => {
  const flag = join(directory, 'frozen')
  const results = await engine.shoal.map([1, 2, 3], async (item) => {
    const { existsSync, writeFileSync } = await import('node:fs')
    if (item === 2 && !existsSync(flag)) {
      writeFileSync(flag, '')
      process.kill(process.pid, 'SIGSTOP')
    }
    return item * 10
  })
  await silence
  expect(results).toEqual([10, 20, 30])
  expect(events.find((event) => event.type === 'loss')).toMatchObject({
    loss: { scope: 'worker', reason: expect.stringMatching(/^was silent for/) },
  })
})

test('work without any worker fails with what the pool says keeps them away', async () => {
  const pool: WorkerPool = {
    wanted: 2,
    start: () => Promise.resolve(),
    investigate: (record) => Promise.resolve(record),
    discard: () => Promise.resolve(),
    reasons: () => Promise.resolve(['pod a: Unschedulable: 0/1 nodes are available: 1 Insufficient cpu']),
    close: () => Promise.resolve(),
  }
  const { shoal } = await open(pool, 'none', 50, () => {})
  const waiting = shoal.map([1], (item) => item)
  await expect(waiting).rejects.toMatchObject({
    code: 'SHOAL_NO_WORKERS',
    message: expect.stringContaining('1 Insufficient cpu'),
  })
  await shoal.close()
  await expect(shoal.map([1], (item) => item)).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
})
