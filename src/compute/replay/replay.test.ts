import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { createEngine } from '../engine.ts'
import { ComputeError } from '../errors.ts'
import type { Shoal } from '../shoal.ts'
import { createShipper } from '../ship/ship.ts'
import { task } from '../task/task.ts'
import { createWorkerProcesses } from '../worker-processes.ts'
import { readFailedTask } from './failed-task.ts'
import { replayTask } from './replay-task.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-replay-'))
const failed = join(directory, 'failed')
const kept = new Map<string, (id: string) => void>()
let shoal: Shoal

beforeAll(async () => {
  const engine = await createEngine({
    env: systemEnvironment(),
    name: 'replay',
    pool: createWorkerProcesses({ count: 1, threads: 1 }),
    reach: { kind: 'unix', directory: join(directory, 's') },
    pipeline: { hash: 'none', source: '' },
    shipper: createShipper(),
    workerTimeoutMs: 30_000,
    failedDirectory: failed,
    onEvent: (event) => event.type === 'kept' && kept.get(event.task.name)?.(event.task.id),
  })
  shoal = engine.shoal
})
afterAll(async () => {
  await shoal.close()
  rmSync(directory, { recursive: true })
})

/** The task of that stage that is kept next. */
const nextKept = async (name: string) => {
  const id = await new Promise<string>((resolve) => kept.set(name, resolve))
  return readFailedTask(failed, id)
}

const limits = { most: 3 }
const check = (n: number) => {
  if (n > limits.most) throw new RangeError(`${n} is more than ${limits.most}`)
  return n
}

test('a call that failed for good is run again with its function, what that captured, and its arguments', async () => {
  const found = nextKept('check')
  const checked = task(check, { retries: 1, backoffMs: 1 })
  const results = await shoal.settled([1, 2, 7].map((n) => shoal.submit(checked, n)))
  expect(results.map(({ status }) => status)).toEqual(['done', 'done', 'failed'])
  limits.most = 100
  const again = await replayTask(await found)
  limits.most = 3
  expect(again).toMatchObject({ isDone: false, error: { message: '7 is more than 3' } })
})

test('of a map the item that failed is run again alone', async () => {
  const found = nextKept('map inverse')
  const inverse = (n: number) => {
    if (n === 0) throw new TypeError('nothing divides by 0')
    return 1 / n
  }
  await expect(shoal.map([4, 2, 0, 1], inverse)).rejects.toThrow('nothing divides by 0')
  const kept = await found
  expect(kept.what).toBe('item 2')
  const again = await replayTask(kept)
  expect(again.isDone).toBe(false)
  expect((again as { error: unknown }).error).toBeInstanceOf(TypeError)
})

test('a call that ended its worker each time is kept as well, and may be done here', async () => {
  const found = nextKept('endsWorker')
  const driver = process.pid
  const endsWorker = (n: number) => (process.pid === driver ? n : process.exit(1))
  await expect(shoal.submit(task(endsWorker), 5)).rejects.toThrow('workers lost')
  expect(await replayTask(await found)).toEqual({ isDone: true, values: [5] })
})

test('a task that was not kept is told by name', () => {
  expect(() => readFailedTask(failed, 'nobody')).toThrow(ComputeError)
  expect(() => readFailedTask(failed, 'nobody')).toThrow('Cannot replay "nobody"')
})
