import type { ResourceLimits } from '../runtime.ts'

/** The scheduler's period of 100 ms, in which a container gets its quota, in microseconds. */
export const CPU_PERIOD = 100_000
/** The kernel's least amounts of shares and quota. */
const LEAST_SHARES = 2
const LEAST_QUOTA = 1000

/** By what was asked for, else by the limit. */
export function cpuShares({ cpuMillis, cpuRequestMillis }: ResourceLimits): number {
  return Math.max(LEAST_SHARES, Math.floor(((cpuRequestMillis ?? cpuMillis ?? 0) * 1024) / 1000))
}

/** By the limit alone; undefined where there is none. */
export function cpuQuota({ cpuMillis }: ResourceLimits): number | undefined {
  const quota = cpuMillis === undefined ? 0 : Math.floor((cpuMillis * CPU_PERIOD) / 1000)
  return quota > 0 ? Math.max(LEAST_QUOTA, quota) : undefined
}

/** A quota that engines take for none, where there was one before. */
export const NO_QUOTA = -1
