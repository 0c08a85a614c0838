import type { Timers } from '../../env/clock.ts'

/** Those who wait until Services send nobody to an address any more. */
export interface Withdrawals {
  wait(ip: string): Promise<void>
  /** Something changed. */
  look(): void
  close(): void
}

/** How long a pod that ends waits for Services to leave it, in milliseconds. */
const MOST_MS = 2_000

export function createWithdrawals(timers: Timers, isUsed: (ip: string) => boolean): Withdrawals {
  const waiting = new Map<() => void, string>()
  return {
    wait(ip) {
      if (!isUsed(ip)) return Promise.resolve()
      return new Promise((resolve) => {
        const done = () => {
          waiting.delete(done)
          timer.cancel()
          resolve()
        }
        const timer = timers.after(MOST_MS, done, { background: true })
        waiting.set(done, ip)
      })
    },
    look() {
      for (const [done, ip] of waiting) if (!isUsed(ip)) done()
    },
    close() {
      for (const done of waiting.keys()) done()
    },
  }
}
