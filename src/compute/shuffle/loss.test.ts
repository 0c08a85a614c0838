import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSession } from '../dataset/session.fixture.ts'
import type { ComputeEvent } from '../events.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Ends its worker with all that it keeps, the first time that anybody calls it. */
const dieOnce = (flag: string) => {
  return async () => {
    const { existsSync: exists, readdirSync: list, rmSync: remove, writeFileSync: write } = await import('node:fs')
    if (exists(flag)) return
    write(flag, '')
    const own = list(process.env['TMPDIR'] ?? '/tmp').filter((name) =>
      new RegExp(`^shoal-worker-\\d+-${process.pid}-`).test(name),
    )
    for (const name of own) remove(`${process.env['TMPDIR'] ?? '/tmp'}/${name}`, { recursive: true })
    process.kill(process.pid, 'SIGKILL')
  }
}

/** Stages that made lost parts again. */
const madeAgain = (events: readonly ComputeEvent[]) =>
  events.filter((event) => event.type === 'stage-started' && event.name.includes('again')).length

const losses = (events: readonly ComputeEvent[]) => events.filter(({ type }) => type === 'loss').length

test('a worker that is killed while it writes a shuffle costs a retry and nothing of the result', async () => {
  await using session = await openSession()
  const die = dieOnce(join(session.directory, 'died'))
  const groups = await session.shoal
    .dataset(numbers(20_000))
    .map(async (n) => {
      if (n === 15_000) await die()
      return n
    })
    .groupBy((n) => n % 100, { partitions: 6 })
    .mapValues((all) => all.length)
    .collect()
  expect(new Map(groups)).toEqual(new Map(numbers(100).map((key) => [key, 200])))
  expect(losses(session.events)).toBeGreaterThan(0)
})

// One worker: whatever is kept is kept there, and lost with it.
test('parts that are lost with a worker while a shuffle is read are made again from what they were made of', async () => {
  await using session = await openSession({ workers: 1 })
  const die = dieOnce(join(session.directory, 'died'))
  const groups = await session.shoal
    .dataset(numbers(20_000))
    .groupBy((n) => n % 100, { partitions: 12 })
    .map(async ([key, all]) => {
      if (key === 42) await die()
      return [key, all.length] as const
    })
    .collect()
  expect(new Map(groups)).toEqual(new Map(numbers(100).map((key) => [key, 200])))
  expect(losses(session.events)).toBeGreaterThan(0)
  expect(madeAgain(session.events)).toBeGreaterThan(0)
})

test('lost parts of a chain of shuffles and of a cached dataset are made again as far back as it takes', async () => {
  await using session = await openSession({ workers: 1 })
  const die = dieOnce(join(session.directory, 'died'))
  const cached = session.shoal
    .dataset(numbers(10_000))
    .map((n) => [n % 500, 1 as number] as const)
    .reduceByKey((a: number, b) => a + b, { partitions: 8 })
    .cache()
  expect(await cached.count()).toBe(500)
  const sorted = await cached
    .map(async ([key, count]) => {
      if (key === 250) await die()
      return [key, count] as const
    })
    .sort(([key]) => -key)
    .collect()
  expect(madeAgain(session.events)).toBeGreaterThan(0)
  expect(sorted).toEqual(numbers(500).map((index) => [499 - index, 20]))
})

test('lost parts that come out otherwise are used throughout', async () => {
  await using session = await openSession({ workers: 1 })
  const flag = join(session.directory, 'died')
  const die = dieOnce(flag)
  const random = session.shoal
    .dataset(numbers(4000))
    .map((n) => [n % 40, Math.random()] as const)
    .groupByKey({ partitions: 20 })
    .map(async ([key, all]) => {
      if (key === 7) await die()
      return [key, all.length] as const
    })
  // Collected: whatever was made of the first is made again.
  expect(new Map(await random.collect())).toEqual(new Map(numbers(40).map((key) => [key, 100])))
  expect(madeAgain(session.events)).toBeGreaterThan(0)
})

test('lost parts that come out otherwise are refused where records made of the first were handed on', async () => {
  await using session = await openSession({ workers: 1 })
  const die = dieOnce(join(session.directory, 'died'))
  const taken = join(session.directory, 'taken')
  const random = session.shoal
    .dataset(numbers(20_000))
    .map((n) => [n, Math.random()] as const)
    .sort(([n]) => n)
    .map(async (pair) => {
      if (pair[0] < 19_999) return pair
      const { existsSync: exists } = await import('node:fs')
      while (!exists(taken)) await new Promise((resolve) => setTimeout(resolve, 10))
      await die()
      return pair
    })
  const reading = async () => {
    for await (const _ of random.iterate()) writeFileSync(taken, '')
  }
  await expect(reading()).rejects.toMatchObject({ code: 'SHOAL_NOT_REPEATABLE' })
})

test('parts cross the network, compressed and checked, where workers do not see each other’s files', async () => {
  await using session = await openSession({ network: true })
  const text = randomBytes(20).toString('hex')
  const { shoal } = session
  const groups = await shoal
    .dataset(numbers(30_000))
    .map((n) => [`${text}${n % 300}`, n] as const)
    .groupByKey({ partitions: 4 })
    .mapValues((all) => all.length)
    .collect()
  expect(groups).toHaveLength(300)
  expect(groups.every(([, count]) => count === 100)).toBe(true)
  const sorted = await shoal
    .dataset(numbers(30_000))
    .sort((n) => -n)
    .take(3)
  expect(sorted).toEqual([29_999, 29_998, 29_997])
})

test('what an action left on the workers is removed when it is over', async () => {
  const session = await openSession()
  await session.shoal
    .dataset(numbers(1000))
    .groupBy((n) => n % 7)
    .count()
  const [pids] = [
    await session.shoal.map([0, 1, 2, 3], async () => {
      const { setTimeout: wait } = await import('node:timers/promises')
      await wait(20)
      return process.pid
    }),
  ]
  const kept = () =>
    readdirSync(tmpdir()).filter((name) => pids.some((pid) => new RegExp(`^shoal-worker-\\d+-${pid}-`).test(name)))
  await expect
    .poll(() => kept().flatMap((name) => readdirSync(join(tmpdir(), name)).filter((own) => own !== 's')))
    .toEqual([])
  expect(kept().length).toBeGreaterThan(0)
  for (const name of kept()) expect(existsSync(join(tmpdir(), name))).toBe(true)
  await session[Symbol.asyncDispose]()
  for (const name of kept()) rmSync(join(tmpdir(), name), { recursive: true, force: true })
})
