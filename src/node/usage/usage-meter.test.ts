import { expect, test } from 'vitest'
import { createCpuRate } from './cpu-rate.ts'

test('a rate is taken over at least five seconds of those between questions, else since the start', () => {
  const rate = createCpuRate()
  const ask = (atMs: number, cpuMs: number) => rate.at('a', cpuMs, atMs, 0)
  expect(ask(2_000, 1_000)).toEqual({ cpuMillis: 500, windowMs: 2_000 })
  expect(ask(10_000, 1_000)).toEqual({ cpuMillis: 0, windowMs: 8_000 })
  // Ten questions in a second do not shorten the window.
  for (let ms = 10_100; ms < 11_000; ms += 100) ask(ms, 1_000)
  expect(ask(15_000, 6_000)).toEqual({ cpuMillis: 1_000, windowMs: 5_000 })
  expect(ask(17_000, 6_000).windowMs).toBe(7_000)
})

test('a CPU time that has gone back belongs to another process: its rate is since the start', () => {
  const rate = createCpuRate()
  rate.at('a', 9_000, 10_000, 0)
  expect(rate.at('a', 100, 20_000, 19_000)).toEqual({ cpuMillis: 100, windowMs: 1_000 })
})
