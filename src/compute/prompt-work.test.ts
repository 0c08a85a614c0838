import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTaskSession } from './task/session.fixture.ts'
import type { TaskTestSession } from './task/session.fixture.ts'

let session: TaskTestSession

// Nothing beats while these tests run: what would wait for the next sign of life of a worker waits for ever.
beforeAll(async () => {
  session = await openTaskSession({ count: 2, threads: 1 }, { heartbeatMs: 3_600_000, silentMs: 7_200_000 })
})

afterAll(() => session.close())

test('stages and calls that come while workers have nothing to do begin at once, whatever came before', async () => {
  const { shoal, map } = session
  for (const round of [1, 2, 3]) {
    expect(await map.map([round], (item) => item + 1)).toEqual([round + 1])
    expect(await map.map([1, 2, 3, 4], (item) => item * 2)).toEqual([2, 4, 6, 8])
    expect(await shoal.submit((item: number) => item + 1, round)).toBe(round + 1)
  }
})

test('stages of different functions that are opened together all begin', async () => {
  const { map } = session
  const all = [map.map([1], (item) => item), map.map([2], (item) => item + 1), map.map([3], (item) => item + 2)]
  expect(await Promise.all(all)).toEqual([[1], [3], [5]])
})
