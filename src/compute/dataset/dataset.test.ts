import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSession } from './session.fixture.ts'
import type { TestSession } from './session.fixture.ts'

let session: TestSession
beforeAll(async () => (session = await openSession()))
afterAll(() => session[Symbol.asyncDispose]())

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
const sorted = <T>(records: readonly T[]) =>
  [...records].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

test('map, filter and flatMap keep the order of the records, async functions too', async () => {
  const made = await session.shoal
    .dataset(numbers(10_000))
    .map(async (n) => n * 2)
    .filter(async (n) => n % 3 === 0)
    .flatMap((n) => [n, -n])
    .collect()
  const expected = numbers(10_000).flatMap((n) => (n % 3 === 0 ? [n * 2, n * -2] : []))
  expect(made).toEqual(expected)
})

test('map has up to concurrency calls on their way and gives their results in order', async () => {
  const most = await session.shoal
    .dataset(numbers(40))
    .map(
      async (n) => {
        const state = globalThis as unknown as { running?: number }
        state.running = (state.running ?? 0) + 1
        const { promise, resolve } = Promise.withResolvers<void>()
        setTimeout(resolve, n % 4)
        await promise
        const running = state.running
        state.running--
        return [n, running] as const
      },
      { concurrency: 4 },
    )
    .collect()
  expect(most.map(([n]) => n)).toEqual(numbers(40))
  expect(Math.max(...most.map(([, running]) => running))).toBeGreaterThan(1)
  expect(Math.max(...most.map(([, running]) => running))).toBeLessThanOrEqual(4)
})

test('an iterable is read once, an async one too, and no faster than it is taken', async () => {
  let read = 0
  const source = (async function* () {
    for (let index = 0; index < 1_000_000; index++) {
      read = index
      yield index
    }
  })()
  expect(
    await session.shoal
      .dataset(source)
      .map((n) => n + 1)
      .take(3),
  ).toEqual([1, 2, 3])
  expect(read).toBeLessThan(500_000)
})

test('mapBatches is handed up to size records of one task', async () => {
  const sizes = await session.shoal
    .dataset(numbers(5000))
    .mapBatches((batch) => [batch.length], { size: 700 })
    .collect()
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(5000)
  expect(Math.max(...sizes)).toBe(700)
})

test('mapTables is handed Arrow tables', async () => {
  const sums = await session.shoal
    .dataset(numbers(3000).map((n) => ({ n, even: n % 2 === 0 })))
    .mapTables((table) => {
      let sum = 0
      for (const n of table.getChild('n') ?? []) sum += Number(n)
      return [sum]
    })
    .collect()
  expect(sums.reduce((sum, n) => sum + n, 0)).toBe((3000 * 2999) / 2)
})

test('groupBy brings all records of each key together, in the order of the input', async () => {
  const groups = await session.shoal
    .dataset(numbers(20_000))
    .groupBy((n) => n % 97, { partitions: 7 })
    .collect()
  expect(groups).toHaveLength(97)
  for (const [key, records] of groups) expect(records).toEqual(numbers(20_000).filter((n) => n % 97 === key))
})

test('keys are equal where what is in them is: arrays, objects whatever their order, Dates, NaN and both zeros', async () => {
  const keys = [
    [1, 'a'],
    [1, 'a'],
    { x: 1, y: 2 },
    { y: 2, x: 1 },
    new Date(5),
    new Date(5),
    NaN,
    NaN,
    0,
    -0,
    '0',
    null,
  ]
  const groups = await session.shoal
    .dataset(keys.map((key, index) => ({ key, index })))
    .groupBy(({ key }) => key)
    .mapValues((records) => records.map(({ index }) => index))
    .collect()
  expect(sorted(groups.map(([, indexes]) => indexes))).toEqual(
    sorted([[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10], [11]]),
  )
  const counts = await session.shoal
    .dataset(keys)
    .countBy((key) => key)
    .collect()
  expect(sorted(counts.map(([, count]) => count))).toEqual([1, 1, 2, 2, 2, 2, 2])
})

test('a key that is neither is refused by what it is', async () => {
  const failing = session.shoal
    .dataset([1])
    .groupBy(() => new Map())
    .collect()
  await expect(failing).rejects.toThrow('it is a Map')
})

test('reduceByKey and countBy give what a loop gives', async () => {
  const pairs = numbers(30_000).map((n) => [`k${n % 1000}`, n] as const)
  const expected = new Map<string, number>()
  for (const [key, n] of pairs) expected.set(key, (expected.get(key) ?? 0) + n)
  const reduced = await session.shoal
    .dataset(pairs)
    .reduceByKey((a, b) => a + b, { partitions: 5 })
    .collect()
  expect(new Map(reduced)).toEqual(expected)
  const counted = await session.shoal
    .dataset(pairs)
    .countBy(([key]) => key)
    .map(([key, count]) => `${key} ${count}`)
    .collect()
  expect(sorted(counted)).toEqual(sorted([...expected.keys()].map((key) => `${key} 30`)))
})

const left = numbers(2000).map((n) => [n % 50, n] as const)
const right = numbers(300).map((n) => [(n % 30) + 35, `r${n}`] as const)
const joinOf = (keepsLeft: boolean, keepsRight: boolean) => {
  const rows: unknown[] = []
  for (const [key, n] of left) {
    const matches = right.filter(([other]) => other === key)
    for (const [, r] of matches) rows.push([key, [n, r]])
    if (matches.length === 0 && keepsLeft) rows.push([key, [n, undefined]])
  }
  if (keepsRight) {
    for (const [key, r] of right) if (!left.some(([other]) => other === key)) rows.push([key, [undefined, r]])
  }
  return sorted(rows)
}

test.each([
  ['inner', false, false],
  ['left', true, false],
  ['right', false, true],
  ['full', true, true],
] as const)('a %s join through a shuffle gives what nested loops give', async (how, keepsLeft, keepsRight) => {
  const pairs = session.shoal.dataset(left).repartition(3)
  const made = await pairs.join(session.shoal.dataset(right), { how: how as 'full', broadcast: false }).collect()
  expect(sorted(made)).toEqual(joinOf(keepsLeft, keepsRight))
})

test.each([
  ['inner', false],
  ['left', true],
] as const)('a %s join with a table that is sent to all gives the same', async (how, keepsLeft) => {
  const joined = session.shoal.dataset(left).join(session.shoal.dataset(right), { how: how as 'left', broadcast: true })
  expect(sorted(await joined.collect())).toEqual(joinOf(keepsLeft, false))
})

test('distinct keeps each record once', async () => {
  const made = await session.shoal
    .dataset(numbers(5000))
    .map((n) => ({ mod: n % 40 }))
    .distinct()
    .collect()
  expect(sorted(made)).toEqual(sorted(numbers(40).map((mod) => ({ mod }))))
})

test('sort orders numbers, strings by code point, pairs, and keeps equal ones as they were', async () => {
  const { shoal } = session
  const mixed = [3, -1, 0, -0.5, 1e300, -1e300, Infinity, -Infinity, 2 ** 53, 1e-9]
  expect(await shoal.dataset(mixed).sort().collect()).toEqual([...mixed].sort((a, b) => a - b))
  const words = ['b', 'a', '', 'aa', 'ä', 'z', '\u{1F41F}', '\uFFFD', 'a\u0000']
  const byBytes = [...words].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect(await shoal.dataset(words).sort().collect()).toEqual(byBytes)
  const rows = numbers(40_000).map((n) => ({ group: (n * 7919) % 13, name: `n${(n * 31) % 1000}`, n }))
  const made = await shoal
    .dataset(rows)
    .sort(({ group, name }) => [group, name])
    .collect()
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const expected = [...rows].sort((a, b) => a.group - b.group || compare(a.name, b.name) || a.n - b.n)
  expect(made).toEqual(expected)
  const descending = await shoal
    .dataset(rows)
    .sort(({ group }) => group, { descending: true })
    .collect()
  expect(descending).toEqual([...rows].sort((a, b) => b.group - a.group || a.n - b.n))
})

test('sample draws the same records each time for the same seed, about as many as asked for', async () => {
  const drawn = session.shoal.dataset(numbers(20_000)).sample(0.1, { seed: 5 })
  const first = await drawn.collect()
  expect(await drawn.collect()).toEqual(first)
  expect(first.length).toBeGreaterThan(1700)
  expect(first.length).toBeLessThan(2300)
})

test('zipWithIndex counts on over all tasks', async () => {
  const made = await session.shoal
    .dataset(numbers(9000))
    .filter((n) => n % 2 === 0)
    .zipWithIndex()
    .collect()
  expect(made).toEqual(numbers(4500).map((index) => [index * 2, index]))
})

test('cache runs what is before it once', async () => {
  const file = join(session.directory, 'calls')
  writeFileSync(file, '')
  const cached = session.shoal
    .dataset(numbers(10))
    .map(async (n) => {
      const { appendFileSync } = await import('node:fs')
      appendFileSync(file, 'x')
      return n
    })
    .cache()
  expect(await cached.count()).toBe(10)
  expect(await cached.map((n) => n + 1).collect()).toEqual(numbers(10).map((n) => n + 1))
  const { readFileSync } = await import('node:fs')
  expect(readFileSync(file, 'utf8')).toBe('x'.repeat(10))
})

test('take runs no more tasks than it takes', async () => {
  const file = join(session.directory, 'taken')
  writeFileSync(file, '')
  const taken = await session.shoal
    .dataset(numbers(100_000))
    .map(async (n) => {
      if (n % 1000 === 0) (await import('node:fs')).appendFileSync(file, 'x')
      return n
    })
    .take(5)
  expect(taken).toEqual(numbers(5))
  const { readFileSync } = await import('node:fs')
  expect(readFileSync(file, 'utf8').length).toBeLessThan(50)
})

test('iterate gives the records in order, and the error where there is one', async () => {
  let expected = 0
  for await (const n of session.shoal.dataset(numbers(50_000)).iterate()) expect(n).toBe(expected++)
  expect(expected).toBe(50_000)
  const failing = session.shoal.dataset(numbers(10)).map((n) => {
    if (n === 7) throw new RangeError('seven')
    return n
  })
  await expect(Array.fromAsync(failing.iterate())).rejects.toThrow('seven')
})

test('nothing is made of nothing', async () => {
  const { shoal } = session
  const empty = shoal.dataset<number>([])
  expect(await empty.collect()).toEqual([])
  expect(await empty.sort().collect()).toEqual([])
  expect(await empty.groupBy((n) => n).collect()).toEqual([])
  expect(await empty.zipWithIndex().collect()).toEqual([])
  expect(await empty.count()).toBe(0)
  expect(await empty.reduce((a, b) => a + b)).toBeUndefined()
  expect(
    await empty
      .keyBy((n) => n)
      .join(
        empty.keyBy((n) => n),
        { how: 'full' },
      )
      .collect(),
  ).toEqual([])
})

test('explain says what each stage reads, does and leaves', async () => {
  const folder = join(session.directory, 'explained')
  mkdirSync(folder)
  writeFileSync(join(folder, 'a.txt'), 'one two\n')
  const plan = session.shoal
    .files(`${folder}/*.txt`)
    .lines()
    .flatMap((line) => line.split(' '))
    .groupBy((word) => word)
    .sort()
  expect((await plan.explain()).split('\n')).toEqual([
    'stage 1: 1 file, 8 B, in blocks of 8.4 MB > lines > flatMap > 16 partitions by the hash of the key',
    'stage 2: partitions of stage 1 > groupBy > 1 partition by ranges of the key, found by sampling',
    'stage 3: partitions of stage 2 > sort > to the driver or a sink',
  ])
})
