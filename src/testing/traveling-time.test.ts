import { expect, test } from 'vitest'
import { sleep } from '../env/clock.ts'
import { systemEnvironment } from '../env/system.ts'
import { createTravelingTime } from './traveling-time.ts'

const HOUR_MS = 3_600_000

test('advance() fires timers in order, each at its own time, and those that they set', async () => {
  const { env, advance } = createTravelingTime()
  const startMs = env.clock.monotonicMs()
  const told: (readonly [string, number])[] = []
  const tell = (what: string) => told.push([what, Math.round((env.clock.monotonicMs() - startMs) / HOUR_MS)])
  env.timers.after(3 * HOUR_MS, () => tell('third'))
  env.timers.after(HOUR_MS, () => {
    tell('first')
    void sleep(env.timers, HOUR_MS).then(() => env.timers.soon(() => tell('second')))
  })
  env.timers.after(5 * HOUR_MS, () => tell('too late'))
  await advance(4 * HOUR_MS)
  expect(told).toEqual([
    ['first', 1],
    ['second', 2],
    ['third', 3],
  ])
})

test('wall clock and monotonic clock go ahead alike, and never back', async () => {
  const { env, advance } = createTravelingTime()
  const before = { wallMs: env.clock.now(), monotonicMs: env.clock.monotonicMs() }
  await Promise.all([advance(HOUR_MS), advance(HOUR_MS)])
  for (const passedMs of [env.clock.now() - before.wallMs, env.clock.monotonicMs() - before.monotonicMs]) {
    expect(passedMs).toBeGreaterThanOrEqual(2 * HOUR_MS - 1)
    expect(passedMs).toBeLessThan(2.5 * HOUR_MS)
  }
})

test('between journeys time passes by itself, and what a journey came close to happens soon after it', async () => {
  const { env, advance } = createTravelingTime()
  const rang = sleep(env.timers, HOUR_MS + 20)
  const cancelled = env.timers.after(HOUR_MS + 10, () => expect.unreachable('it was cancelled'))
  await advance(HOUR_MS)
  cancelled.cancel()
  const atMs = systemEnvironment().clock.monotonicMs()
  await rang
  expect(systemEnvironment().clock.monotonicMs() - atMs).toBeLessThan(HOUR_MS / 2)
})

test('advance() says so where a moment never ends', async () => {
  const { env, advance } = createTravelingTime()
  let isOn = true
  const again = () => void (isOn && env.timers.after(0, again))
  env.timers.after(HOUR_MS, again)
  await expect(advance(2 * HOUR_MS)).rejects.toThrow('Cannot let time pass: 100001 timers fired at one moment')
  isOn = false
})
