import { performance } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Timers } from './clock.ts'

const LOOK_MS = 1500
/** Busy for less than this share of the time since the last look: nobody waits for an answer. */
const IDLE = 0.03
/** So much above what the last trim left is worth another. */
const WORTH_BYTES = 16e6
/** Tracing more than this takes too long for a pause of the event loop. */
const MOST_BYTES = 128e6

export interface TrimOptions {
  /** Default 1.5 s, as between one look and the next. */
  readonly firstLookMs?: number
  /** The share of the time since it was last asked that the event loop was busy. */
  readonly utilization?: () => number
}

/**
 * Gives memory that start-up and bursts of work have left behind back to the system while the process is idle: V8 keeps
 * what its young generation has grown to, some 20 MB, for as long as the process lives. A trim takes 50 ms of a small heap,
 * 150 ms of the largest that is trimmed. Background timers only; nothing to end.
 */
export function trimMemoryWhenIdle(
  timers: Timers,
  { firstLookMs = LOOK_MS, utilization = utilizationSinceLast() }: TrimOptions = {},
): void {
  let trimmedBytes = 0
  const look = () => {
    const { total_heap_size: total, used_heap_size: used } = getHeapStatistics()
    if (utilization() < IDLE && used < MOST_BYTES && total > trimmedBytes + WORTH_BYTES) {
      collect()
      trimmedBytes = getHeapStatistics().total_heap_size
    }
    timers.after(LOOK_MS, look, { background: true })
  }
  timers.after(firstLookMs, look, { background: true })
}

/** The share of the time since it was asked last that the event loop was busy. */
function utilizationSinceLast(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
}

/** Only this flavor lets go of the young generation's pages; the function is to be had by a flag alone. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as (how: Readonly<Record<string, string>>) => void
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
