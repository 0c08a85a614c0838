import type { Timer, Timers } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import { systemEnvironment } from '../env/system.ts'
import { createTimerHeap } from './timer-heap.ts'
import type { Due, TimerHeap } from './timer-heap.ts'

/** Time that passes as anywhere, and can be sent ahead. */
export interface TravelingTime {
  readonly env: Environment
  /**
   * Lets `ms` milliseconds pass at once: every timer that falls due meanwhile fires in its order and at its own time, each
   * followed by all that it brings about in this process. One journey after another.
   */
  advance(ms: number): Promise<void>
}

/** Due at a time of the traveler's, and armed in the machine's own. */
interface Armed extends Due {
  readonly isBackground: boolean
  timer?: Timer
}

/** More timers than this at one moment mean that something spins. */
const MOST_STEPS_A_MOMENT = 100_000

const system = systemEnvironment()

/** Begins at the machine's time. What it makes of real timers is as precise as they are. */
export function createTravelingTime(): TravelingTime {
  const heap = createTimerHeap<Armed>()
  const origin = { wallMs: system.clock.now(), monotonicMs: system.clock.monotonicMs() }
  let skippedMs = 0
  /** Where a journey is; time stands between its stops. */
  let stopMs: number | undefined
  let journeys = Promise.resolve()

  const elapsedMs = () => stopMs ?? system.clock.monotonicMs() - origin.monotonicMs + skippedMs
  const fire = (due: Armed) => {
    if (due.cancelled) return
    due.cancelled = true
    // What has happened is first of all, and goes.
    heap.peek()
    due.action()
  }
  const arm = (due: Armed) => {
    due.timer?.cancel()
    const delayMs = Math.max(0, due.dueMs - elapsedMs())
    due.timer = system.timers.after(delayMs, () => stopMs === undefined && fire(due), { background: due.isBackground })
  }
  const travel = async (ms: number) => {
    const targetMs = (stopMs = elapsedMs()) + ms
    let stepsHere = 0
    try {
      await settled()
      for (let due = heap.peek(); due !== undefined && due.dueMs <= targetMs; due = heap.peek()) {
        heap.pop()
        due.timer?.cancel()
        stepsHere = due.dueMs > stopMs ? 0 : stepsHere + 1
        if (stepsHere > MOST_STEPS_A_MOMENT) throw spinning(stepsHere)
        stopMs = Math.max(stopMs, due.dueMs)
        fire(due)
        await settled()
      }
      stopMs = targetMs
    } finally {
      skippedMs = stopMs - (system.clock.monotonicMs() - origin.monotonicMs)
      stopMs = undefined
      for (const due of heap.all()) arm(due)
    }
  }

  return {
    env: {
      ...system,
      clock: { now: () => Math.floor(origin.wallMs + elapsedMs()), monotonicMs: () => elapsedMs() },
      timers: timersOn(heap, { elapsedMs, isTraveling: () => stopMs !== undefined, arm, fire }),
    },
    advance(ms) {
      const journey = journeys.then(() => travel(ms))
      journeys = journey.catch(() => {})
      return journey
    },
  }
}

interface Ways {
  elapsedMs(): number
  isTraveling(): boolean
  /** Sets the machine's timer for what is due. */
  arm(due: Armed): void
  fire(due: Armed): void
}

function timersOn(heap: TimerHeap<Armed>, { elapsedMs, isTraveling, arm, fire }: Ways): Timers {
  let order = 0
  const dueIn = (delayMs: number, action: () => void, isBackground: boolean): Armed => {
    return { dueMs: elapsedMs() + Math.max(0, delayMs), order: order++, action, cancelled: false, isBackground }
  }
  return {
    after(delayMs, action, { background = false } = {}) {
      const due = dueIn(delayMs, action, background)
      heap.push(due)
      if (!isTraveling()) arm(due)
      return {
        cancel() {
          due.cancelled = true
          due.timer?.cancel()
        },
      }
    },
    soon(action) {
      const due = dueIn(0, action, false)
      if (isTraveling()) heap.push(due)
      else system.timers.soon(() => fire(due))
    },
  }
}

function spinning(steps: number): Error {
  return new Error(
    `Cannot let time pass: ${steps} timers fired at one moment, expected fewer than ${MOST_STEPS_A_MOMENT}`,
  )
}

/** Lets all microtasks run, and what waited for a turn of the event loop. */
const settled = () => new Promise<void>((resolve) => system.timers.soon(resolve))
