import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemEnvironment } from '../env/system.ts'
import { createEngine } from './engine.ts'
import type { Engine } from './engine.ts'
import type { WorkerLostError } from './errors.ts'
import { createShipper } from './ship/ship.ts'
import { createWorkerProcesses } from './worker-processes.ts'
import { workerPrograms } from './worker-program.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-blame-'))
let engine: Engine

beforeAll(async () => {
  const programs = await workerPrograms(join(directory, 'cache'))
  engine = await createEngine({
    env: systemEnvironment(),
    name: 'blame',
    pool: createWorkerProcesses({ count: 1, threads: 2 }),
    reach: { kind: 'unix', directory: join(directory, 's') },
    pipeline: programs.pipeline,
    shipper: createShipper(),
    onEvent: () => {},
    workerTimeoutMs: 20_000,
  })
})

afterAll(async () => {
  await engine.shoal.close()
  rmSync(directory, { recursive: true })
})

test('a long task is not blamed for what others of its process do, and those fail by their own name', async () => {
  const flag = join(directory, 'innocent')
  const errors: unknown[] = []
  const innocent = engine.shoal.map([flag], async (path) => {
    const { appendFileSync, readFileSync } = await import('node:fs')
    appendFileSync(path, 'x')
    // It ends of its own accord only once it had been lost with others.
    while (readFileSync(path, 'utf8').length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
    return 'well'
  })
  const guilty = engine.shoal.map(
    [flag],
    async (path) => {
      const { statSync } = await import('node:fs')
      // A file is there before it is written to.
      const size = () => statSync(path, { throwIfNoEntry: false })?.size ?? 0
      while (size() === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      process.kill(process.pid, 'SIGKILL')
      await new Promise(() => {})
    },
    { chunkSize: 1 },
  )
  guilty.catch((error: unknown) => errors.push(error))
  expect(await innocent).toEqual(['well'])
  const error = (await guilty.catch((thrown: unknown) => thrown)) as WorkerLostError
  expect(error.code).toBe('SHOAL_WORKER_LOST')
  // Once beside the other, twice alone.
  expect(error.losses).toHaveLength(3)
  expect(existsSync(flag)).toBe(true)
})

test('the threads of a process that isolated a suspect all work again afterwards', async () => {
  const threads = await engine.shoal.map(
    [0, 1],
    async () => {
      const { threadId } = await import('node:worker_threads')
      await new Promise((resolve) => setTimeout(resolve, 50))
      return threadId
    },
    { chunkSize: 1 },
  )
  expect(new Set(threads).size).toBe(2)
})
