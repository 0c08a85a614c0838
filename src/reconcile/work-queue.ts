import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import { createRateLimiter } from './rate-limiter.ts'
import type { RetryBackoff } from './rate-limiter.ts'

/**
 * Keys to work on, each at most once: a key that is added while it is worked on comes back when that is done. A key is
 * idle, delayed (its timer runs), waiting (in the queue), working, or working and dirty.
 */
export interface WorkQueue {
  /** Keys that wait for a worker. */
  readonly depth: number
  /** Keys that are worked on. */
  readonly working: number
  /** Keys that wait for their time. */
  readonly delayed: number
  add(key: string): void
  /** Adds `key` after `delayMs`, or earlier where an earlier time was set already. */
  addAfter(key: string, delayMs: number): void
  /** Adds `key` after its back-off, which doubles each time until `forget`. */
  addRateLimited(key: string, backoff?: RetryBackoff): void
  forget(key: string): void
  /** How often the key has failed since the last `forget`. */
  failures(key: string): number
  /** Takes the next key; `done` must follow. */
  take(): string | undefined
  done(key: string): void
  close(): void
}

/** A key that is to come back later than this comes back then, to no harm: a day. */
export const LONGEST_DELAY_MS = 86_400_000

interface Delayed {
  readonly dueMs: number
  readonly timer: Timer
}

/** `ready` is called when a key becomes available; several that come together may be told once for each. */
export function createWorkQueue(env: Pick<Environment, 'clock' | 'timers'>, ready: () => void): WorkQueue {
  const limiter = createRateLimiter(env.clock)
  const waiting = new Set<string>()
  const working = new Set<string>()
  const dirty = new Set<string>()
  const delayed = new Map<string, Delayed>()
  let closed = false

  const add = (key: string): void => {
    if (closed) return
    if (working.has(key)) return void dirty.add(key)
    if (waiting.has(key)) return
    waiting.add(key)
    ready()
  }
  const addAfter = (key: string, delayMs: number): void => {
    if (closed) return
    if (delayMs <= 0) return add(key)
    const waitMs = Math.min(delayMs, LONGEST_DELAY_MS)
    const dueMs = env.clock.monotonicMs() + waitMs
    const known = delayed.get(key)
    if (known !== undefined && known.dueMs <= dueMs) return
    known?.timer.cancel()
    const fire = () => {
      delayed.delete(key)
      add(key)
    }
    delayed.set(key, { dueMs, timer: env.timers.after(waitMs, fire, { background: true }) })
  }

  return {
    get depth() {
      return waiting.size
    },
    get working() {
      return working.size
    },
    get delayed() {
      return delayed.size
    },
    add,
    addAfter,
    addRateLimited: (key, backoff) => addAfter(key, limiter.delayMs(key, backoff)),
    forget: (key) => limiter.forget(key),
    failures: (key) => limiter.failures(key),
    take() {
      const next = waiting.values().next()
      if (next.done === true || closed) return undefined
      waiting.delete(next.value)
      working.add(next.value)
      return next.value
    },
    done(key) {
      working.delete(key)
      if (dirty.delete(key)) add(key)
    },
    close() {
      closed = true
      for (const { timer } of delayed.values()) timer.cancel()
      delayed.clear()
      waiting.clear()
    },
  }
}
