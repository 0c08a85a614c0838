import { expect, test } from 'vitest'
import { openSession } from '../dataset/session.fixture.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
const keyOf = (n: number) => (n % 10 === 0 ? `rare ${n % 70}` : 'hot')
const partLimits = { targetBytes: 2000, mostBytes: 8000 }
const sorted = <T>(records: readonly T[]) => records.map((record) => JSON.stringify(record)).sort()

test('with 90% of the rows under one key, a partition is read by several tasks, and all come to the same', async () => {
  await using session = await openSession({ partLimits })
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
  'a %s join with a hot key on its first side is right',
  async (how) => {
    await using session = await openSession({ partLimits })
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
  },
)
