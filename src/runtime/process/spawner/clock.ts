/**
 * The spawner's own time. It is a program of its own, started by the runtime, and stands outside the Environment: what it
 * does is never simulated, only replaced by the simulated runtime as a whole.
 */
let lastNanoseconds = 0n
const startedAtNanoseconds = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n
const startedAt = process.hrtime.bigint()

/** Now, as `2026-01-31T12:00:00.123456789Z`; never the same twice. */
export function timestamp(): string {
  let now = startedAtNanoseconds + (process.hrtime.bigint() - startedAt)
  if (now <= lastNanoseconds) now = lastNanoseconds + 1n
  lastNanoseconds = now
  const seconds = new Date(Number(now / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  return `${seconds}.${String(now % 1_000_000_000n).padStart(9, '0')}Z`
}

export function nowMs(): number {
  return Date.now()
}
