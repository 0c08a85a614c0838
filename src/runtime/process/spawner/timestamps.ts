import type { Clock } from '../../../env/clock.ts'

/** Now, as `2026-01-31T12:00:00.123456789Z`; never the same twice, and never going back. */
export function createTimestamps(clock: Clock): () => string {
  const startedAt = BigInt(Math.round(clock.now() * 1000)) * 1000n
  const startedMs = clock.monotonicMs()
  let last = 0n
  return () => {
    let now = startedAt + BigInt(Math.round((clock.monotonicMs() - startedMs) * 1_000_000))
    if (now <= last) now = last + 1n
    last = now
    const seconds = new Date(Number(now / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
    return `${seconds}.${String(now % 1_000_000_000n).padStart(9, '0')}Z`
  }
}
