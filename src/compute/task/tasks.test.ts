import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTaskSession } from './session.fixture.ts'
import type { TaskTestSession } from './session.fixture.ts'
import { task } from './task.ts'
import type { Task } from './task.ts'
import { taskContext } from './task-context.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-tasks-'))
let session: TaskTestSession

beforeAll(async () => {
  session = await openTaskSession({ count: 2, threads: 1, variables: { SHOAL_RESOURCES: '{"gpu":1}' } })
})

afterAll(async () => {
  await session.close()
  rmSync(directory, { recursive: true })
})

const add = task((left: number, right: number) => left + right)
const fails = task((message: string) => {
  throw new RangeError(message)
})

test('submit gives what the function gives, and takes futures for arguments', async () => {
  const { shoal } = session
  expect(await shoal.submit(add, 1, 2)).toBe(3)
  expect(
    await shoal.submit(
      add,
      shoal.submit(add, 1, 2),
      shoal.submit(async () => 4),
    ),
  ).toBe(7)
})

test('submit sends values as they are when it is called', async () => {
  const list = [1, 2]
  const sum = session.shoal.submit((values: number[]) => values.length, list)
  list.push(3)
  expect(await sum).toBe(2)
})

test('10,000 calls each get their own result', async () => {
  const { shoal } = session
  const futures = Array.from({ length: 10_000 }, (_, index) => shoal.submit(add, index, 1))
  expect(await Promise.all(futures)).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1))
})

test('a million tiny calls that are submitted at once each get their own result', { timeout: 120_000 }, async () => {
  const { shoal } = session
  const next = task((n: number) => n + 1)
  const futures = Array.from({ length: 1_000_000 }, (_, n) => shoal.submit(next, n))
  let wrong = 0
  for (const [n, result] of (await Promise.all(futures)).entries()) if (result !== n + 1) wrong++
  expect(wrong).toBe(0)
})

test('values of every kind arrive as structured clone would have them', async () => {
  const echo = task((value: unknown) => value)
  const values = [
    undefined,
    null,
    true,
    -0,
    NaN,
    2 ** 40,
    'ünï\ud800',
    10n,
    new Map([[1, new Set(['a'])]]),
    [undefined, null],
    { a: { b: [1, { c: 'd' }] } },
    new Uint8Array([1, 2, 3]),
    new Date(5),
    new Float64Array([1.5]),
  ]
  const echoed = await Promise.all(values.map((value) => session.shoal.submit(echo, value)))
  expect(echoed).toEqual(values)
})

test('a call that fails rejects with the error of the function', async () => {
  const error: unknown = await session.shoal.submit(fails, 'too far').catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(RangeError)
  expect((error as Error).message).toBe('too far')
})

test('a call whose input failed says so, with the first error as its cause, however long the chain', async () => {
  const { shoal } = session
  let last = shoal.submit(add, shoal.submit(fails, 'broke') as never, 1)
  for (let index = 0; index < 20_000; index++) last = shoal.submit(add, last, 1)
  await expect(last).rejects.toMatchObject({ code: 'SHOAL_INPUT_FAILED', cause: { message: 'broke' } })
})

test('a graph of 100,000 edges is worked off', async () => {
  const { shoal } = session
  const sum = task((...values: number[]) => values.reduce((left, right) => left + right, 0))
  let layer = Array.from({ length: 1000 }, (_, index) => shoal.submit(add, index, 0))
  for (let depth = 0; depth < 50; depth++) {
    layer = layer.map((future, index) => shoal.submit(sum, future, layer[(index + 1) % layer.length]!))
  }
  // Each layer doubles the sum of the one before it.
  const total = (await Promise.all(layer)).reduce((left, right) => left + right, 0)
  expect(total).toBe(((999 * 1000) / 2) * 2 ** 50)
})

test('an argument and a result that cannot travel are refused by their path', async () => {
  const { shoal } = session
  await expect(shoal.submit((value: unknown) => value, { on: [() => 1] })).rejects.toMatchObject({
    code: 'SHOAL_ARGUMENT_CANNOT_TRAVEL',
    facts: { path: 'arguments[0].on[0]' },
  })
  await expect(shoal.submit(() => ({ on: () => 1 }))).rejects.toMatchObject({
    code: 'SHOAL_RESULT_CANNOT_TRAVEL',
    facts: { path: 'result.on' },
  })
})

test('a call is tried again as often as asked, where the predicate agrees', async () => {
  const { shoal } = session
  const path = join(directory, 'tries')
  const flaky = async (file: string) => {
    const { appendFileSync, readFileSync } = await import('node:fs')
    appendFileSync(file, 'x')
    if (readFileSync(file, 'utf8').length < 3) throw new Error('not yet')
    return readFileSync(file, 'utf8').length
  }
  expect(await shoal.submit(task(flaky, { retries: 2, backoffMs: 1 }), path)).toBe(3)
  const seen: number[] = []
  const retryIf = (_: unknown, attempt: number) => {
    seen.push(attempt)
    return attempt < 2
  }
  const hopeless = task((message: string) => Promise.reject(new Error(message)), { retries: 5, backoffMs: 1, retryIf })
  await expect(shoal.submit(hopeless, 'no')).rejects.toThrow('no')
  expect(seen).toEqual([1, 2])
})

test('an attempt that takes too long is ended, blocked thread and all, and the next calls run', async () => {
  const { shoal } = session
  const blocked = task(
    () => {
      for (;;);
    },
    { timeoutMs: 50 },
  )
  await expect(shoal.submit(blocked)).rejects.toMatchObject({ code: 'SHOAL_TASK_TIMEOUT' })
  expect(await shoal.submit(add, 1, 1)).toBe(2)
})

test('a deadline counts from the submission, waiting included', async () => {
  const { shoal } = session
  const never = task(() => new Promise<number>(() => {}), { deadlineMs: 50 })
  const dependant = shoal.submit(add, shoal.submit(never), 1)
  await expect(dependant).rejects.toMatchObject({ code: 'SHOAL_INPUT_FAILED', cause: { code: 'SHOAL_DEADLINE' } })
})

test('cancelling gives up what waits for the call, and tells the function', async () => {
  const { shoal } = session
  const [started, told] = [join(directory, 'started'), join(directory, 'told')]
  const waiting = shoal.submit(
    async (begin: string, end: string) => {
      const { writeFileSync: write } = await import('node:fs')
      const { signal } = taskContext()
      write(begin, '')
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      write(end, '')
      return 1
    },
    started,
    told,
  )
  const dependant = shoal.submit(add, waiting, 1)
  while (!existsSync(started)) await Promise.race([shoal.submit(add, 1, 1), waiting])
  expect(waiting.why()[0]).toMatch(/ runs on worker-\d+, thread 0$/)
  waiting.cancel(new Error('enough'))
  await expect(waiting).rejects.toMatchObject({ code: 'SHOAL_CANCELLED', cause: { message: 'enough' } })
  await expect(dependant).rejects.toMatchObject({ code: 'SHOAL_CANCELLED' })
  while (!existsSync(told)) await shoal.submit(add, 1, 1)
  expect([waiting.state, dependant.state]).toEqual(['cancelled', 'cancelled'])
})

test('a cancelled call of many does not take the others along', async () => {
  const { shoal } = session
  const sleepy = task(async (ms: number) => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return ms
  })
  const futures = Array.from({ length: 50 }, () => shoal.submit(sleepy, 1))
  futures[10]!.cancel()
  futures[49]!.cancel()
  const settled = await shoal.settled(futures)
  expect(settled.filter(({ status }) => status === 'done')).toHaveLength(48)
})

test('tasks submit tasks, and wait for them on the thread that they keep', async () => {
  const { shoal } = session
  const fibonacci: ReturnType<typeof task<[number], Promise<number>>> = task(async (n: number): Promise<number> => {
    if (n < 2) return n
    const [left, right] = [shoal.submit(fibonacci, n - 1), shoal.submit(fibonacci, n - 2)]
    return (await left) + (await right)
  })
  expect(await shoal.submit(fibonacci, 12)).toBe(144)
})

test('what a task needs decides where it runs, and what no worker has is refused at once', async () => {
  const { shoal } = session
  const pid = task(() => process.pid, { needs: { gpu: 1 } })
  expect(await shoal.submit(pid)).toBeGreaterThan(0)
  await expect(shoal.submit(task(() => 1, { needs: { gpu: 4, cpu: 1 } }))).rejects.toMatchObject({
    code: 'SHOAL_NO_ROOM',
    message: expect.stringContaining('gpu 4 of 1'),
  })
})

test('calls of a higher priority go before those that were submitted earlier', async () => {
  const { shoal } = session
  const path = join(directory, 'order')
  const note = async (file: string, what: string) => {
    const { appendFileSync } = await import('node:fs')
    appendFileSync(file, what)
  }
  const low = task(note, { priority: -1, timeoutMs: 60_000 })
  const high = task(note, { priority: 5, timeoutMs: 60_000 })
  await Promise.all([shoal.submit(low, path, ''), shoal.submit(high, path, '')])
  const futures = [...Array(20)].map(() => shoal.submit(low, path, 'l'))
  const urgent = [...Array(20)].map(() => shoal.submit(high, path, 'h'))
  await Promise.all([...futures, ...urgent])
  const { readFileSync } = await import('node:fs')
  // Two threads, one call each at most on its way when the urgent ones came.
  expect(readFileSync(path, 'utf8').slice(0, 20).replaceAll('l', '').length).toBeGreaterThanOrEqual(16)
})

test('a key makes one call of many', async () => {
  const { shoal } = session
  const path = join(directory, 'once')
  writeFileSync(path, '')
  const once = task(
    async (file: string) => {
      const { appendFileSync, readFileSync } = await import('node:fs')
      appendFileSync(file, 'x')
      return readFileSync(file, 'utf8').length
    },
    { key: (file) => file },
  )
  const [first, second] = [shoal.submit(once, path), shoal.submit(once, path)]
  expect(first).toBe(second)
  expect([await first, await shoal.submit(once, path)]).toEqual([1, 1])
})

test('a key makes one call of those that functions on workers ask for, by their arguments', async () => {
  const { shoal } = session
  const path = join(directory, 'nested')
  writeFileSync(path, '')
  const inner = task(
    async (file: string, n: number) => {
      const { appendFileSync } = await import('node:fs')
      appendFileSync(file, `${n} `)
      return n * n
    },
    { key: (_file, n) => String(n) },
  )
  const outer = task(async (file: string) => {
    const all = await Promise.all([3, 4, 3, 4].map((n) => shoal.submit(inner, file, n)))
    return [...all, await shoal.submit(inner, file, 3)]
  })
  expect(await Promise.all([shoal.submit(outer, path), shoal.submit(outer, path)])).toEqual([
    [9, 16, 9, 16, 9],
    [9, 16, 9, 16, 9],
  ])
  expect(await shoal.submit(inner, path, 4)).toBe(16)
  const { readFileSync } = await import('node:fs')
  expect(readFileSync(path, 'utf8').trim().split(' ').sort()).toEqual(['3', '4'])
})

test('a call that would wait for itself, or for one that waits for it, fails at once', async () => {
  const { shoal } = session
  const odd: Task<[n: number], number> = task(async (n: number): Promise<number> => await shoal.submit(even, n), {
    key: (n) => `odd ${n}`,
  })
  const even = task(async (n: number): Promise<number> => await shoal.submit(odd, n), { key: (n) => `even ${n}` })
  const itself: Task<[n: number], number> = task(async (n: number): Promise<number> => await shoal.submit(itself, n), {
    key: 'itself',
    name: 'itself',
  })
  const message = 'Cannot wait for "itself": it waits, by way of others, for the call that asks for it'
  await expect(shoal.submit(itself, 1)).rejects.toMatchObject({ code: 'SHOAL_CIRCLE', message })
  await expect(shoal.submit(odd, 1)).rejects.toMatchObject({ code: 'SHOAL_CIRCLE' })
})

test('a group is counted and cancelled as one', async () => {
  const { shoal } = session
  const never = task(() => new Promise<void>(() => {}), { group: 'stuck' })
  const futures = [shoal.submit(never), shoal.submit(never), shoal.submit(never)]
  expect(shoal.group('stuck').pending).toBe(3)
  shoal.group('stuck').cancel()
  expect((await shoal.settled(futures)).every(({ status }) => status === 'failed')).toBe(true)
  expect(shoal.group('stuck').pending).toBe(0)
  expect(await shoal.submit(add, 1, 1)).toBe(2)
})

test('wait and asCompleted give what is done first', async () => {
  const { shoal } = session
  const never = shoal.submit(() => new Promise<number>(() => {}))
  const quick = shoal.submit(add, 1, 1)
  expect(await shoal.wait([never, quick], { count: 1 })).toEqual({ settled: [quick], pending: [never] })
  expect((await shoal.wait([never], { timeoutMs: 1 })).pending).toEqual([never])
  for await (const { index, status } of shoal.asCompleted([never, quick])) {
    expect([index, status]).toEqual([1, 'done'])
    break
  }
  never.cancel()
})

test('a call that ends its worker each time is set aside alone, with the record of its losses', async () => {
  const { shoal } = session
  const deadly = task((index: number) => {
    if (index === 7) process.kill(process.pid, 'SIGKILL')
    return index
  })
  const futures = Array.from({ length: 20 }, (_, index) => shoal.submit(deadly, index))
  const settled = await shoal.settled(futures)
  expect(settled.filter(({ status }) => status === 'done')).toHaveLength(19)
  expect(settled[7]).toMatchObject({ status: 'failed', error: { code: 'SHOAL_WORKER_LOST' } })
})
