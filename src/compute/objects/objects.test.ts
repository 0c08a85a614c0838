import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTaskSession } from '../task/session.fixture.ts'
import type { TaskTestSession } from '../task/session.fixture.ts'
import { task } from '../task/task.ts'
import { decodeShared, encodeShared } from '../wire/shared-value.ts'

let session: TaskTestSession

beforeAll(async () => {
  session = await openTaskSession({ count: 1, threads: 2 })
})

afterAll(() => session.close())

test('a value is read from its bytes as it was, its typed arrays without a copy', () => {
  const floats = new Float64Array([1.5, 2.5])
  const value = { floats, same: floats, odd: new Uint8Array([1, 2, 3]), map: new Map([['a', 1n]]), text: 'ü' }
  const bytes = encodeShared(value)
  const read = decodeShared(bytes) as typeof value
  expect(read).toEqual(value)
  expect(read.floats).toBe(read.same)
  expect(read.floats.buffer).toBe(bytes.buffer)
})

test('an object reaches functions that captured it or were given it', async () => {
  const { shoal } = session
  const table = shoal.put({ names: ['a', 'b'], numbers: new Int32Array([1, 2, 3]) })
  expect(await shoal.submit(async () => (await table.get()).names)).toEqual(['a', 'b'])
  const sum = task(async (ref: typeof table) => (await ref.get()).numbers.reduce((left, right) => left + right))
  expect(await shoal.submit(sum, table)).toBe(6)
  expect((await shoal.get(table)).names).toEqual(['a', 'b'])
})

test('the threads of a worker share the memory of an object', async () => {
  const { shoal } = session
  const counts = shoal.put(new Int32Array(1))
  const add = task(async (ref: typeof counts, until: number) => {
    const shared = await ref.get()
    Atomics.add(shared, 0, 1)
    // Both are at it at the same time, on threads of their own.
    while (Atomics.load(shared, 0) < until) await new Promise((resolve) => setTimeout(resolve, 1))
    return Atomics.load(shared, 0)
  })
  expect(await Promise.all([shoal.submit(add, counts, 2), shoal.submit(add, counts, 2)])).toEqual([2, 2])
})

test('an object that was released is gone', async () => {
  const { shoal } = session
  const kept = () => readdirSync('/dev/shm').filter((name) => name.startsWith(`shoal-memory-${process.pid}-`))
  const ref = shoal.put(new Uint8Array(8 * 1024 * 1024))
  const files = () =>
    kept()
      .flatMap((name) => readdirSync(`/dev/shm/${name}`))
      .filter((name) => !name.endsWith('.free'))
  const before = files().length
  shoal.release(ref)
  expect(files()).toHaveLength(before - 1)
  await expect(shoal.submit(async () => (await ref.get()).length)).rejects.toMatchObject({
    message: expect.stringContaining('released'),
  })
  await expect(shoal.get(ref)).rejects.toMatchObject({ code: 'SHOAL_OBJECT_GONE' })
})

test('what cannot be put is refused by its path', () => {
  expect(() => session.shoal.put({ on: [() => 1] })).toThrow('value.on[0]')
})
