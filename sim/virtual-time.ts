import type { Environment } from '../src/env/environment.ts'
import type { Logger } from '../src/env/log.ts'
import type { Random } from '../src/env/random.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { createTimerHeap } from '../src/testing/timer-heap.ts'

/** When every simulation begins: a time that is none in particular, at the start of a second. */
export const START_MS = Date.UTC(2026, 0, 1)

/**
 * Time that passes only when everything else stands still. All of a simulated cluster runs on promises and on the timers
 * of this environment: nothing in it waits for the world outside. So once the microtasks are drained nothing can happen
 * before the next timer, and time moves straight there. Timers fire by time, those of one moment in the order in which
 * they were set, each followed by all that it brings about: one order of events for one seed.
 */
export interface VirtualTime {
  readonly env: Environment
  /** Virtual milliseconds since the start; never goes back. */
  readonly elapsedMs: number
  /** Timers that have fired. */
  readonly steps: number
  /** Fires the next timer and lets all that follows from it happen. False where none is left. */
  step(): Promise<boolean>
  /** When the next timer fires, in milliseconds since the start; undefined where there is none. */
  nextMs(): number | undefined
  /** Sets the wall clock forward or back, as an administrator would; durations are not touched. */
  jump(ms: number): void
}

/** More timers than this at one moment mean that something spins. */
const MOST_STEPS_A_MOMENT = 100_000

const system = systemEnvironment().timers

/** Lets all microtasks run: one turn of the real event loop begins only when none is left. */
export const settled = () => new Promise<void>((resolve) => system.soon(resolve))

export function createVirtualTime(random: Random, log: Logger): VirtualTime {
  const heap = createTimerHeap()
  let elapsedMs = 0
  let offsetMs = 0
  let order = 0
  let steps = 0
  let stepsNow = 0

  const after = (delayMs: number, action: () => void) => {
    const due = { dueMs: elapsedMs + Math.max(0, delayMs), order: order++, action, cancelled: false }
    heap.push(due)
    return { cancel: () => void (due.cancelled = true) }
  }
  const env: Environment = {
    clock: { now: () => START_MS + offsetMs + Math.floor(elapsedMs), monotonicMs: () => elapsedMs },
    timers: { after, soon: (action) => void after(0, action) },
    random,
    log,
  }
  return {
    env,
    get elapsedMs() {
      return elapsedMs
    },
    get steps() {
      return steps
    },
    async step() {
      const due = heap.pop()
      if (due === undefined) return false
      stepsNow = due.dueMs > elapsedMs ? 0 : stepsNow + 1
      if (stepsNow > MOST_STEPS_A_MOMENT) {
        throw new Error(
          `Cannot go on from ${elapsedMs} ms: ${stepsNow} timers fired at that moment, expected time to pass`,
        )
      }
      elapsedMs = due.dueMs
      steps += 1
      due.action()
      await settled()
      return true
    },
    nextMs: () => heap.peek()?.dueMs,
    jump: (ms) => void (offsetMs += ms),
  }
}
