import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Dataset } from '../dataset/dataset.ts'
import { NODE_FLAGS } from '../pods/worker-job.ts'
import { createWorkerProcesses } from '../worker-processes.ts'
import { partLimitsFor } from '../dataset/parts-input.ts'
import { openSession } from '../dataset/session.fixture.ts'
import type { TestSession } from '../dataset/session.fixture.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
const keyOf = (n: number) => (n % 10 === 0 ? `rare ${n % 70}` : 'hot')
const partLimits = { targetBytes: 2000, mostBytes: 8000 }
let session: TestSession
beforeAll(async () => (session = await openSession({ partLimits })))
afterAll(() => session[Symbol.asyncDispose]())
const sorted = <T>(records: readonly T[]) => records.map((record) => JSON.stringify(record)).sort()

/** Of 9,500 pairs that come of the joins below. */
const mostInOneTask = async (joined: Dataset<unknown>) =>
  Math.max(...(await joined.mapBatches((batch) => [batch.length], { size: 1_000_000 }).collect()))

test('with 90% of the rows under one key, a partition is read by several tasks, and all come to the same', async () => {
  const { shoal } = session
  const rows = shoal.dataset(numbers(20_000)).map((n) => [keyOf(n), n] as const)
  const groups = new Map(await rows.groupByKey({ partitions: 3 }).collect())
  const expected = Map.groupBy(numbers(20_000), keyOf)
  expect(groups.size).toBe(expected.size)
  for (const [key, all] of expected) expect(groups.get(key)).toEqual(all)
  const counts = await rows
    .countBy(([key]) => key)
    .map((pair) => pair)
    .collect()
  expect(new Map(counts).get('hot')).toBe(18_000)
  const sums = new Map(await rows.reduceByKey((a, b) => a + b, { partitions: 2 }).collect())
  expect(sums.get('hot')).toBe(expected.get('hot')!.reduce((a, b) => a + b, 0))
})

test.each(['inner', 'left', 'right', 'full'] as const)(
  'a %s join with a hot key on its first side is right, and read by several tasks',
  async (how) => {
    const { shoal } = session
    const facts = numbers(5000).map((n) => [keyOf(n), n] as const)
    const names = [
      ['hot', 'H'],
      ['hot', 'H2'],
      ['rare 0', 'R'],
      ['absent', 'A'],
    ] as const
    const joined = shoal.dataset(facts).join(shoal.dataset(names), { how: how as 'full', broadcast: false })
    const expected: unknown[] = []
    for (const [key, n] of facts) {
      const matches = names.filter(([other]) => other === key)
      for (const [, name] of matches) expected.push([key, [n, name]])
      if (matches.length === 0 && (how === 'left' || how === 'full')) expected.push([key, [n, undefined]])
    }
    if (how === 'right' || how === 'full') expected.push(['absent', [undefined, 'A']])
    expect(sorted(await joined.collect())).toEqual(sorted(expected))
    expect(await mostInOneTask(joined)).toBeLessThan(7000)
  },
)

test.each(['inner', 'left', 'right', 'full'] as const)(
  'a %s join with a hot key on its second side is right, and read by several tasks',
  async (how) => {
    const { shoal } = session
    const facts = numbers(5000).map((n) => [keyOf(n), n] as const)
    const names = [
      ['hot', 'H'],
      ['hot', 'H2'],
      ['absent', 'A'],
    ] as const
    const joined = shoal.dataset(names).join(shoal.dataset(facts), { how: how as 'full', broadcast: false })
    const expected: unknown[] = []
    for (const [key, n] of facts) {
      const matches = names.filter(([other]) => other === key)
      for (const [, name] of matches) expected.push([key, [name, n]])
      if (matches.length === 0 && (how === 'right' || how === 'full')) expected.push([key, [undefined, n]])
    }
    if (how === 'left' || how === 'full') expected.push(['absent', ['A', undefined]])
    expect(sorted(await joined.collect())).toEqual(sorted(expected))
    expect(await mostInOneTask(joined)).toBeLessThan(7000)
  },
)

test.each([false, true])(
  'a sort gives 90 of 100 rows that have one key to several tasks, in the order of the input, descending %s',
  async (descending) => {
    const rows = numbers(40_000).map((n) => ({ key: keyOf(n), n, text: 'x'.repeat(40) }))
    const ordered = session.shoal.dataset(rows).sort(({ key }) => key, { descending })
    const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
    const expected = [...rows].sort((a, b) => compare(a.key, b.key) * (descending ? -1 : 1) || a.n - b.n)
    expect((await ordered.collect()).map(({ n }) => n)).toEqual(expected.map(({ n }) => n))
    const hot = await ordered.mapBatches((batch) => [batch.length], { size: 1_000_000 }).collect()
    expect(Math.max(...hot)).toBeLessThan(20_000)
  },
)

/** One thread with little memory. */
const smallPool = (heapMiB = 64) =>
  createWorkerProcesses({
    count: 1,
    threads: 1,
    nodeFlags: NODE_FLAGS,
    variables: { SHOAL_THREAD_HEAP_MIB: String(heapMiB) },
  })

const ROWS = 200
const ROW_CHARS = 200_000
const keyAt = (side: string, n: number) => (n % 100 === 7 ? `${side} ${n}` : n === 50 ? 'rare' : 'hot')

test.each(['one', 'many'])(
  'a full join with a key on both sides whose rows fit into no thread is right, made by %s tasks, and costs no worker',
  async (tasks) => {
    await using small = await openSession({ pool: smallPool(32), partLimits: partLimitsFor(32 * 2 ** 20) })
    // Of 40 MB in one key.
    const side = (name: string, rows: number) =>
      small.shoal
        .dataset(tasks === 'one' ? [0] : numbers(rows / 10))
        .flatMap((part) => Array.from({ length: tasks === 'one' ? rows : 10 }, (_, at) => part * 10 + at))
        .map((n) => [keyAt(name, n), `${n} `.padEnd(ROW_CHARS)] as const)
    const joined = side('left', ROWS).join(side('right', ROWS - 20), {
      how: 'full',
      partitions: 1,
    })
    const numberOf = (text: string | undefined) => (text === undefined ? -1 : Number.parseInt(text, 10))
    const found = await joined.map(([, [left, right]]) => numberOf(left) * 1000 + numberOf(right)).collect()
    const expected = pairsOf(ROWS, ROWS - 20)
    expect(found.sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b))
    expect(small.events.filter(({ type }) => type === 'loss')).toEqual([])
  },
)

/** The same by loops. */
function pairsOf(lefts: number, rights: number): number[] {
  const isLonely = (n: number) => keyAt('', n) !== keyAt('other', n)
  const pairs = numbers(lefts).flatMap((left) =>
    numbers(rights)
      .filter((right) => keyAt('left', left) === keyAt('right', right))
      .map((right) => left * 1000 + right),
  )
  const [alone, ofOthers] = [lefts, rights].map((count) => numbers(count).filter(isLonely))
  return [...pairs, ...alone!.map((left) => left * 1000 - 1), ...ofOthers!.map((right) => right - 1000)]
}

test('a group that does not fit into its thread fails by its key at once, and costs no worker', async () => {
  await using small = await openSession({ pool: smallPool() })
  const rows = small.shoal
    .dataset(numbers(1000))
    .flatMap((part) => Array.from({ length: 1000 }, (_, at) => `${part} ${at}`.padEnd(100)))
  const grouped = rows.groupBy((row) => (row.startsWith('7 ') ? 'rare' : 'hot')).map(([key, all]) => [key, all.length])
  await expect(grouped.collect()).rejects.toMatchObject({
    code: 'SHOAL_GROUP_TOO_LARGE',
    message: expect.stringMatching(/^Cannot group by "hot": it has \d+ records so far, /),
    facts: { key: 'hot' },
  })
  expect(small.events.filter(({ type }) => type === 'loss')).toEqual([])
  const counts = await rows.countBy((row) => (row.startsWith('7 ') ? 'rare' : 'hot')).collect()
  expect(new Map(counts)).toEqual(
    new Map([
      ['hot', 999_000],
      ['rare', 1000],
    ]),
  )
})

test('groups of any size are streamed, with 90% of the rows in one that no thread can hold', async () => {
  await using small = await openSession({ pool: smallPool() })
  // Of 400 bytes each: more than the heap.
  const count = 200_000
  const rows = small.shoal
    .dataset(numbers(count / 1000))
    .flatMap((part) => Array.from({ length: 1000 }, (_, at) => ({ n: part * 1000 + at, text: ''.padEnd(400) })))
  const groups = await rows
    .mapGroups(
      ({ n }) => keyOf(n),
      (key, records) => {
        let [rows, sum, last, isInOrder] = [0, 0, -1, true]
        for (const { n } of records) {
          isInOrder &&= n > last
          last = n
          rows++
          sum += n
        }
        let again = 0
        for (const _ of records) if (++again === 10) break
        return { key, count: rows, sum, isInOrder, again }
      },
    )
    .collect()
  const expected = Map.groupBy(numbers(count), keyOf)
  expect(new Set(groups.map(({ key }) => key))).toEqual(new Set(expected.keys()))
  for (const { key, ...group } of groups) {
    const all = expected.get(key)!
    expect(group).toEqual({
      count: all.length,
      sum: all.reduce((sum, n) => sum + n, 0),
      isInOrder: true,
      again: 10,
    })
  }
  expect(small.events.filter(({ type }) => type === 'loss')).toEqual([])
})

test('flatMapGroups gives any number of records for each key, however they were grouped', async () => {
  const rows = numbers(1000).map((n) => [n % 7, n] as const)
  const firstTwo = await session.shoal
    .dataset(rows)
    .flatMapGroups(
      ([key]) => key,
      function* (key, records) {
        let taken = 0
        for (const [, n] of records) if (taken++ < 2) yield `${key}: ${n}`
      },
    )
    .collect()
  expect(new Set(firstTwo)).toEqual(new Set(numbers(7).flatMap((key) => [`${key}: ${key}`, `${key}: ${key + 7}`])))
  expect(firstTwo).toHaveLength(14)
})

test('the records of a group travel nowhere, and are not read when their function has ended', async () => {
  const rows = session.shoal.dataset(numbers(100))
  await expect(
    rows
      .mapGroups(
        (n) => n % 3,
        (_, records) => records,
      )
      .collect(),
  ).rejects.toThrow(/iterate/)
  const kept = rows.mapGroups(
    (n) => n % 3,
    (key, records) => ({ key, records }),
  )
  await expect(kept.map(({ records }) => [...records].length).collect()).resolves.toHaveLength(3)
  const late = kept.mapBatches((groups) => groups.map(({ records }) => [...records].length))
  await expect(late.collect()).rejects.toThrow(/Cannot read the records of a group: its function has ended/)
})
