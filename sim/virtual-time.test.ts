import { expect, test } from 'vitest'
import { sleep } from '../src/env/clock.ts'
import { createLogger } from '../src/env/log.ts'
import { createSeededRandom } from './seeded-random.ts'
import { createVirtualTime, START_MS } from './virtual-time.ts'

const startTime = () =>
  createVirtualTime(
    createSeededRandom(1),
    createLogger(() => {}, 'error'),
  )

async function runOut(time: ReturnType<typeof startTime>): Promise<void> {
  while (await time.step());
}

test('timers fire by time, those of one moment in the order in which they were set', async () => {
  const time = startTime()
  const fired: string[] = []
  for (const [name, ms] of [
    ['late', 20],
    ['first', 10],
    ['second', 10],
    ['now', 0],
  ] as const)
    time.env.timers.after(ms, () => fired.push(`${name}@${time.elapsedMs}`))
  time.env.timers.after(15, () => fired.push('cancelled')).cancel()
  await runOut(time)
  expect(fired).toEqual(['now@0', 'first@10', 'second@10', 'late@20'])
})

test('many timers in any order come out sorted', async () => {
  const time = startTime()
  const random = createSeededRandom('heap')
  const fired: number[] = []
  const delays = Array.from({ length: 500 }, () => random.between(0, 100))
  const timers = delays.map((ms) => time.env.timers.after(ms, () => fired.push(time.elapsedMs)))
  for (let i = 0; i < timers.length; i += 3) timers[i]!.cancel()
  await runOut(time)
  const kept = delays.filter((_, i) => i % 3 !== 0)
  expect(fired).toEqual(kept.toSorted((a, b) => a - b))
})

test('time stands still while promises lead to promises', async () => {
  const time = startTime()
  const seen: number[] = []
  const chain = async () => {
    for (let i = 0; i < 1000; i++) await Promise.resolve()
    await new Promise<void>((resolve) => process.nextTick(resolve))
    seen.push(time.elapsedMs)
  }
  time.env.timers.after(1, () => void chain())
  time.env.timers.after(2, () => seen.push(time.elapsedMs))
  await runOut(time)
  expect(seen).toEqual([1, 2])
})

test('a month passes as fast as its timers fire', async () => {
  const time = startTime()
  let hours = 0
  const live = async () => {
    while (hours < 30 * 24) {
      await sleep(time.env.timers, 3_600_000)
      hours += 1
    }
  }
  void live()
  await runOut(time)
  expect(time.elapsedMs).toBe(30 * 24 * 3_600_000)
  expect(time.env.clock.now()).toBe(START_MS + time.elapsedMs)
})

test('a clock that is set moves the wall clock, not durations', async () => {
  const time = startTime()
  time.jump(-60_000)
  expect(time.env.clock.now()).toBe(START_MS - 60_000)
  expect(time.env.clock.monotonicMs()).toBe(0)
})
