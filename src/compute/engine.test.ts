import { existsSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemEnvironment } from '../env/system.ts'
import { createEngine } from './engine.ts'
import type { Engine } from './engine.ts'
import { ComputeError, TaskError, WorkerLostError } from './errors.ts'
import type { ComputeEvent } from './events.ts'
import { createShipper } from './ship/ship.ts'
import { createWorkerProcesses } from './worker-processes.ts'
import { workerPrograms } from './worker-program.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-'))
const events: ComputeEvent[] = []
const pool = createWorkerProcesses({ count: 2, threads: 1 })
let engine: Engine

beforeAll(async () => {
  const programs = await workerPrograms(join(directory, 'cache'))
  engine = await createEngine({
    env: systemEnvironment(),
    name: 'test',
    pool,
    reach: { kind: 'unix', directory: join(directory, 's') },
    pipeline: programs.pipeline,
    shipper: createShipper(),
    onEvent: (event) => void events.push(event),
    workerTimeoutMs: 20_000,
  })
})

afterAll(async () => {
  await engine.shoal.close()
  rmSync(directory, { recursive: true })
})

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

test('map gives the results of 100,000 items in their order', async () => {
  const factor = 3
  const results = await engine.shoal.map(numbers(100_000), (item) => item * factor)
  expect(results).toEqual(numbers(100_000).map((item) => item * 3))
})

test('map awaits what async functions give and hands the index over', async () => {
  expect(await engine.shoal.map(['a', 'b'], async (item, index) => `${item}${index}`)).toEqual(['a0', 'b1'])
})

test('map of nothing is nothing', async () => {
  expect(await engine.shoal.map([], (item: number) => item)).toEqual([])
})

test('map rejects with the error that the function threw: class, cause and own properties', async () => {
  const failing = engine.shoal.map([1], () => {
    throw Object.assign(new RangeError('too far', { cause: new TypeError('because') }), { limit: { at: 7 } })
  })
  const error = (await failing.catch((thrown: unknown) => thrown)) as RangeError & { limit: unknown }
  expect(error).toBeInstanceOf(RangeError)
  expect(error.message).toBe('too far')
  expect(error.cause).toBeInstanceOf(TypeError)
  expect(error.limit).toEqual({ at: 7 })
  expect(error.stack).toContain('engine.test.ts')
})

test('map rejects with a TaskError that has the fields of a class of the user', async () => {
  const failing = engine.shoal.map([1], () => {
    class QuotaError extends Error {
      readonly left = 0
    }
    throw new QuotaError('none left')
  })
  const error = (await failing.catch((thrown: unknown) => thrown)) as TaskError & { left: number }
  expect(error).toBeInstanceOf(TaskError)
  expect([error.className, error.message, error.left]).toEqual(['QuotaError', 'none left', 0])
})

test('map keeps the errors of an AggregateError', async () => {
  const failing = engine.shoal.map([1], () => {
    throw new AggregateError([new TypeError('one'), 'two'], 'both')
  })
  const error = (await failing.catch((thrown: unknown) => thrown)) as AggregateError
  expect(error).toBeInstanceOf(AggregateError)
  expect(error.errors[0]).toBeInstanceOf(TypeError)
  expect(error.errors[1]).toBe('two')
})

test('a result that cannot travel is refused by its path', async () => {
  const failing = engine.shoal.map([1], () => ({ handlers: [1, () => 2] }))
  await expect(failing).rejects.toMatchObject({
    code: 'SHOAL_RESULT_CANNOT_TRAVEL',
    facts: { path: 'result.handlers[1]' },
  })
})

test('an item that cannot travel is refused by its path', async () => {
  const failing = engine.shoal.map([{ ok: 1 }, { socket: { on: () => {} } }], () => 1)
  await expect(failing).rejects.toMatchObject({
    code: 'SHOAL_ITEM_CANNOT_TRAVEL',
    facts: { path: 'items[1].socket.on' },
  })
})

test('a worker killed once in the middle costs a retry and no result', async () => {
  const flag = join(directory, 'killed-once')
  const results = await engine.shoal.map(numbers(20), async (item) => {
    const { existsSync: exists, writeFileSync: write } = await import('node:fs')
    if (item === 7 && !exists(flag)) {
      write(flag, '')
      process.kill(process.pid, 'SIGKILL')
    }
    return item
  })
  expect(results).toEqual(numbers(20))
  expect(events.some((event) => event.type === 'loss' && event.loss.scope === 'worker')).toBe(true)
})

test('a task that always kills its worker fails with the record of three losses', async () => {
  const failing = engine.shoal.map([1, 2, 3], (item) => {
    if (item === 2) process.kill(process.pid, 'SIGKILL')
    return item
  })
  const error = (await failing.catch((thrown: unknown) => thrown)) as WorkerLostError
  expect(error).toBeInstanceOf(WorkerLostError)
  expect(error.losses.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL'])
  expect(error.message).toContain('item 1')
})

test('process.exit in a function ends its thread alone, and fails with the exit code', async () => {
  const failing = engine.shoal.map([1], () => process.exit(3))
  const error = (await failing.catch((thrown: unknown) => thrown)) as WorkerLostError
  expect(error.losses).toHaveLength(3)
  expect(error.losses.every(({ scope, exitCode }) => scope === 'thread' && exitCode === 3)).toBe(true)
  expect(await engine.shoal.map([1], (item) => item + 1)).toEqual([2])
})

test('aborting rejects with the reason and ends a function that blocks its thread', async () => {
  const controller = new AbortController()
  const started = join(directory, 'started')
  const blocked = engine.shoal.map(
    [1],
    async () => {
      const { writeFileSync: write } = await import('node:fs')
      write(started, '')
      for (;;);
    },
    { signal: controller.signal },
  )
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!existsSync(started)) return
      watcher.close()
      resolve()
    }
    const watcher = watch(directory, look)
    look()
  })
  controller.abort(new Error('enough'))
  await expect(blocked).rejects.toThrow('enough')
  expect(await engine.shoal.map(numbers(8), (item) => item)).toEqual(numbers(8))
})

test('imap yields in order, or as completed', async () => {
  const ordered: number[] = []
  for await (const result of engine.shoal.imap(numbers(5000), (item) => item + 1)) ordered.push(result)
  expect(ordered).toEqual(numbers(5000).map((item) => item + 1))
  const completed: number[] = []
  for await (const result of engine.shoal.imap(numbers(5000), (item) => item, { ordered: false }))
    completed.push(result)
  expect(completed.sort((left, right) => left - right)).toEqual(numbers(5000))
})

test('imap reads its source no further ahead than the consumer allows', async () => {
  let read = 0
  function* source() {
    for (;;) yield read++
  }
  let taken = 0
  for await (const result of engine.shoal.imap(source(), (item) => item, { maxInFlight: 10 })) {
    expect(result).toBe(taken++)
    expect(read - taken).toBeLessThanOrEqual(11)
    if (taken === 200) break
  }
  expect(taken).toBe(200)
})

test('imap takes async sources and rejects with their errors', async () => {
  async function* source() {
    yield 1
    await Promise.resolve()
    throw new Error('source broke')
  }
  const all = async () => {
    const results: number[] = []
    for await (const result of engine.shoal.imap(source(), (item) => item)) results.push(result)
    return results
  }
  await expect(all()).rejects.toThrow('source broke')
})

test('files are counted, mapped and filtered on the workers as one thread would', async () => {
  const texts = ['the cat\nthe dog\n', 'a cat sat\non the mat', '', 'ünï the end\n'.repeat(5000)]
  texts.forEach((text, index) => writeFileSync(join(directory, `in-${index}.txt`), text))
  const files = engine.shoal.files(join(directory, 'in-*.txt'))
  const all = texts.join('\n').match(/[a-z]+/g) ?? []
  const expected = new Map<string, number>()
  for (const word of all) expected.set(word, (expected.get(word) ?? 0) + 1)

  const counted = await files
    .flatMap((text) => text.match(/[a-z]+/g) ?? [])
    .countBy((word) => word)
    .collect()
  expect(new Map(counted)).toEqual(expected)
  expect(await files.flatMap((text) => text.match(/[a-z]+/g) ?? []).count()).toBe(all.length)
  const top = await files
    .flatMap((text) => text.match(/[a-z]+/g) ?? [])
    .countBy((word) => word)
    .top(1, ([, n]) => n)
  expect(top).toEqual([['the', expected.get('the')]])
  expect(
    await files
      .lines()
      .filter((line) => line.includes('cat'))
      .collect(),
  ).toEqual(['the cat', 'a cat sat'])
  expect(
    await files
      .wholeFiles()
      .map((text) => text.length)
      .collect(),
  ).toEqual(texts.map(({ length }) => length))
  expect(
    await files
      .wholeFiles()
      .map((text) => text.length)
      .reduce((left, right) => left + right),
  ).toBe(texts.join('').length)
})

test('counts stay exact when a worker dies after it has counted some blocks', async () => {
  const flag = join(directory, 'counted-once')
  const path = join(directory, 'lines.txt')
  writeFileSync(path, Array.from({ length: 40_000 }, (_, index) => `line ${index % 10} ${'x'.repeat(100)}\n`).join(''))
  const counted = await engine.shoal
    .files([path], { blockBytes: 64 * 1024 })
    .flatMap((text) => {
      const { existsSync: exists, writeFileSync: write } = process.getBuiltinModule('node:fs')
      if (text.includes('line 5') && !exists(flag) && process.uptime() > 0.5) {
        write(flag, '')
        process.kill(process.pid, 'SIGKILL')
      }
      return text.match(/line \d/g) ?? []
    })
    .countBy((line) => line)
    .collect()
  expect(new Map(counted)).toEqual(new Map(numbers(10).map((digit) => [`line ${digit}`, 4000])))
})

test('a pattern without files, a directory and a missing file are named', async () => {
  const none = engine.shoal.files('nowhere/**/*.none').count()
  await expect(none).rejects.toMatchObject({
    code: 'SHOAL_NO_FILE',
    message: 'Cannot read "nowhere/**/*.none": no file matches',
  })
  await expect(engine.shoal.files(directory).count()).rejects.toMatchObject({ code: 'SHOAL_UNREADABLE' })
  await expect(engine.shoal.files(join(directory, 'missing.txt')).count()).rejects.toBeInstanceOf(ComputeError)
})
