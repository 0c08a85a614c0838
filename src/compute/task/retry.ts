import type { Random } from '../../env/random.ts'
import type { TaskOptions } from './task.ts'

const FIRST_MS = 100
const MOST_MS = 30_000
/** Pauses differ by up to this share, so that what failed together does not come back together. */
const SPREAD = 0.2

/** How long to wait before attempt `attempt` + 1, in milliseconds; undefined where there is to be none. */
export function pauseBeforeRetry(
  { retries = 0, retryIf, backoffMs = FIRST_MS }: TaskOptions<never>,
  error: unknown,
  attempt: number,
  random: Pick<Random, 'next'>,
): number | undefined {
  if (attempt > retries) return undefined
  if (retryIf !== undefined && !retryIf(error, attempt)) return undefined
  const whole = Math.min(MOST_MS, backoffMs * 2 ** (attempt - 1))
  return whole * (1 - SPREAD * random.next())
}
