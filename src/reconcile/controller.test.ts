import { expect, test } from 'vitest'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { createLogger } from '../env/log.ts'
import { runController } from './controller.ts'
import { createExpectations } from './expectations.ts'
import { SETTLED } from './reconciler.ts'

/** A clock that decisions move on, and timers that are rung in order of time. */
function handTime() {
  let nowMs = 0
  const timers = new Set<{ readonly dueMs: number; readonly action: () => void }>()
  const after = (delayMs: number, action: () => void) => {
    const timer = { dueMs: nowMs + delayMs, action }
    timers.add(timer)
    return { cancel: () => void timers.delete(timer) }
  }
  const env: Environment = {
    clock: { now: () => nowMs, monotonicMs: () => nowMs },
    timers: { after, soon: (action) => void after(0, action) },
    random: { next: () => 0.5, bytes: (length) => new Uint8Array(length), uuid: () => '' },
    log: createLogger(() => {}, 'error'),
  }
  const untilMs = async (endMs: number) => {
    for (;;) {
      // Whatever follows from the last one, promises included.
      await new Promise((resolve) => setImmediate(resolve))
      const next = [...timers].toSorted((a, b) => a.dueMs - b.dueMs)[0]
      if (next === undefined || next.dueMs > endMs) break
      timers.delete(next)
      nowMs = Math.max(nowMs, next.dueMs)
      next.action()
    }
    nowMs = Math.max(nowMs, endMs)
  }
  return { env, untilMs, work: (ms: number) => void (nowMs += ms) }
}

test('decisions of many keys that are dear take a fifth of the time together, and cheap ones do not wait for them', async () => {
  const { env, untilMs, work } = handTime()
  const costs: Record<string, number> = { cheap: 0 }
  for (let i = 0; i < 20; i++) costs[`dear-${i}`] = 5
  const decided = new Map<string, number>()
  let add = (_key: string): void => {}
  const running = runController({
    name: 'counting-controller',
    env,
    client: {} as Client,
    recorder: { dropped: 0, record() {}, flush: async () => {} },
    expectations: createExpectations(env.clock, () => undefined),
    parts: {
      sources: [{ start: (given) => ((add = given), () => {}) }],
      reconcile(key) {
        work(costs[key] ?? 0)
        decided.set(key, (decided.get(key) ?? 0) + 1)
        return SETTLED
      },
    },
  })
  running.start()
  for (let at = 0; at < 2_000; at += 10) {
    for (const key of Object.keys(costs)) add(key)
    await untilMs(at)
  }
  const of = (name: string) => [...decided].reduce((sum, [key, times]) => sum + (key.startsWith(name) ? times : 0), 0)
  // The first of each key is not known to be dear.
  expect(of('dear') * 5).toBeLessThan(2_000 / 5 + 20 * 5)
  expect(of('dear') * 5).toBeGreaterThan(2_000 / 10)
  expect([...decided.keys()].length).toBe(21)
  expect(of('cheap')).toBeGreaterThan(100)
  await running.close()
})
