import type { Clock } from '../env/clock.ts'

/** Kubernetes' default for controllers: 5 ms doubled with each failure up to 1000 s, and 10 retries/s overall after 100. */
export const RETRY_LIMITS = { firstMs: 5, lastMs: 1_000_000, perSecond: 10, burst: 100 } as const

/** The first wait of a key, doubled with each failure up to the last. */
export interface RetryBackoff {
  readonly firstMs: number
  readonly lastMs: number
}

export interface RateLimiter {
  /** How long the next retry of `key` has to wait; counts a failure. */
  delayMs(key: string, backoff?: RetryBackoff): number
  failures(key: string): number
  forget(key: string): void
}

/** The longer of two waits: the key's own exponential back-off, and a token bucket that all keys share. */
export function createRateLimiter(clock: Clock): RateLimiter {
  const failures = new Map<string, number>()
  let tokens: number = RETRY_LIMITS.burst
  let refilledMs = clock.monotonicMs()

  const bucketDelayMs = (): number => {
    const nowMs = clock.monotonicMs()
    tokens = Math.min(RETRY_LIMITS.burst, tokens + ((nowMs - refilledMs) / 1000) * RETRY_LIMITS.perSecond)
    refilledMs = nowMs
    tokens -= 1
    return tokens >= 0 ? 0 : (-tokens / RETRY_LIMITS.perSecond) * 1000
  }

  return {
    delayMs(key, { firstMs, lastMs } = RETRY_LIMITS) {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      const own = Math.min(lastMs, firstMs * 2 ** Math.min(count, 30))
      return Math.max(own, bucketDelayMs())
    },
    failures: (key) => failures.get(key) ?? 0,
    forget: (key) => void failures.delete(key),
  }
}
