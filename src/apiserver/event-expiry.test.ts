import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { formatTime } from '../env/clock.ts'
import { createLogger } from '../env/log.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { EVENT_TTL_MS, expireEvents } from './event-expiry.ts'

const MINUTE_MS = 60_000

/** A clock that is set by hand; the one timer that waits is rung by hand, too. */
function handClock() {
  let nowMs = Date.UTC(2026, 0, 1)
  let waiting: { readonly dueMs: number; readonly action: () => void } | undefined
  const after = (delayMs: number, action: () => void) => {
    const timer = { dueMs: nowMs + delayMs, action }
    waiting = timer
    return { cancel: () => void (waiting = waiting === timer ? undefined : waiting) }
  }
  return {
    env: {
      clock: { now: () => nowMs, monotonicMs: () => nowMs },
      timers: { after, soon: (action: () => void) => queueMicrotask(action) },
      log: createLogger(() => {}, 'error'),
    },
    advance: (ms: number) => void (nowMs += ms),
    due: () => waiting && waiting.dueMs - nowMs,
    async ring() {
      const rung = waiting
      waiting = undefined
      rung?.action()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

const quiet = {
  clock: { now: () => 0, monotonicMs: () => 0 },
  timers: { after: () => ({ cancel() {} }), soon: () => {} },
}

test('events go an hour after they were written last, as with the default of --event-ttl, and watchers are told', async () => {
  const { env, advance, due, ring } = handClock()
  const store = createMemoryStore({ ...quiet, log: env.log })
  const write = (type: 'create' | 'update', name: string, resource = 'events') => {
    const time = formatTime(env.clock.now())
    const first = type === 'create' ? time : formatTime(0)
    const metadata = { name, namespace: 'n', creationTimestamp: first, managedFields: [{ time }] }
    const object = { apiVersion: 'v1', kind: 'Event', metadata } as unknown as KubeObject
    return store.commit([{ type, resource, key: `n/${name}`, object }])
  }
  const names = () => [...store.durable().list('events')].map(({ key }) => key)
  await write('create', 'pod', 'pods')
  using expiry = expireEvents(store, env)
  expect(due()).toBeUndefined()
  for (const name of ['counted', 'old', 'young']) {
    await write('create', name)
    if (name === 'old') advance(30 * MINUTE_MS)
  }
  await write('update', 'counted')
  expect(due()).toBe(EVENT_TTL_MS - 30 * MINUTE_MS)
  const told: string[] = []
  store.onDurable((commits) => told.push(...commits.flatMap(({ changes }) => changes.map(({ entry }) => entry.key))))
  advance(30 * MINUTE_MS)
  await ring()
  expect([names(), told, due()]).toEqual([['n/counted', 'n/young'], ['n/old'], 30 * MINUTE_MS])
  advance(30 * MINUTE_MS)
  await ring()
  expect([names(), due()]).toEqual([[], undefined])
  expect(store.durable().count('pods')).toBe(1)
  expect(expiry).toBeDefined()
})

test('events that a server finds at its start are looked at soon, and more of them than one turn takes', async () => {
  const { env, ring, due } = handClock()
  const store = createMemoryStore({ ...quiet, log: env.log })
  for (let i = 0; i < 1_200; i++) {
    const metadata = { name: `e${i}`, namespace: 'n', creationTimestamp: formatTime(env.clock.now() - EVENT_TTL_MS) }
    await store.commit([
      { type: 'create', resource: 'events', key: `n/e${i}`, object: { apiVersion: 'v1', kind: 'Event', metadata } },
    ])
  }
  using expiry = expireEvents(store, env)
  expect(due()).toBe(5 * MINUTE_MS)
  await ring()
  expect(store.durable().count('events')).toBe(0)
  expect(expiry).toBeDefined()
})
