import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTaskSession } from '../task/session.fixture.ts'
import type { TaskTestSession } from '../task/session.fixture.ts'
import { task } from '../task/task.ts'

let session: TaskTestSession

beforeAll(async () => {
  session = await openTaskSession({ count: 2, threads: 1 })
})

afterAll(() => session.close())

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

test('reduce makes one of all items, neighbours first and in their order', async () => {
  const { map } = session
  expect(await map.reduce(numbers(10_000), (left, right) => left + right)).toBe((9999 * 10_000) / 2)
  const letters = numbers(500).map((index) => String.fromCharCode(97 + (index % 26)))
  expect(await map.reduce(letters, async (left, right) => left + right)).toBe(letters.join(''))
  expect(await map.reduce(['b'], (left, right) => left + right, { initial: 'a' })).toBe('ab')
  await expect(map.reduce([], (left: number) => left)).rejects.toThrow(TypeError)
})

test('mapSettled tells of each item how it ended', async () => {
  const settled = await session.map.mapSettled(numbers(100), async (item) => {
    if (item === 7) throw new RangeError('seven')
    if (item === 9) process.exit(1)
    return item * 2
  })
  expect(settled[7]).toMatchObject({ status: 'failed', error: expect.any(RangeError) })
  expect(settled[9]).toMatchObject({ status: 'failed', error: { code: 'SHOAL_WORKER_LOST' } })
  expect(settled.filter(({ status }) => status === 'done')).toHaveLength(98)
  expect(settled[99]).toEqual({ status: 'done', value: 198 })
})

test('a task may stand where a function does', async () => {
  const double = task((item: number) => item * 2)
  expect(await session.map.map([1, 2], double)).toEqual([2, 4])
})

test('forEach calls the function for all items of a stream, and rejects with what it throws', async () => {
  async function* source() {
    for (const item of numbers(300)) yield item
  }
  await session.map.forEach(source(), () => undefined)
  await expect(
    session.map.forEach(source(), (item) => {
      if (item === 200) throw new RangeError('no')
    }),
  ).rejects.toThrow('no')
})
