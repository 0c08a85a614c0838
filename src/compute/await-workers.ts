import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import { ComputeError } from './errors.ts'
import type { WorkerPool } from './worker-pool.ts'

/** Bounds how long work waits while no worker at all is there. */
export interface WorkerWatchdog {
  /** How many threads can work now. */
  threads(count: number): void
  /** Work begins to wait for workers, or has ended. */
  work(stages: number): void
  stop(): void
}

export interface WorkerWatchdogOptions {
  /** How long work may wait with no thread to run it, in milliseconds. */
  readonly limitMs: number
  /** Hears after two seconds, and then every five, what the workers wait for; that there is no room for them at once. */
  readonly onWaiting: (reasons: readonly string[]) => void
  readonly onGivenUp: (error: ComputeError) => void
}

/** A start takes less than this; whoever waits for longer wants to know why. */
const FIRST_LOOK_MS = 500
const FIRST_WORD_MS = 2_000
const NEXT_WORD_MS = 5_000

/** Watches over work that has no thread to run it: says what it waits for, and gives up at the limit. */
export function awaitWorkers(
  env: Environment,
  pool: WorkerPool,
  { limitMs, onWaiting, onGivenUp }: WorkerWatchdogOptions,
): WorkerWatchdog {
  let threads = 0
  let stages = 0
  let timer: Timer | undefined
  let word: Timer | undefined
  const sayWhy = async (isLate: boolean) => {
    const reasons = await pool.reasons().catch(() => [])
    if (word === undefined) return
    // That pods start is not worth a word before it takes long.
    const isHeld = reasons.some((reason) => reason.includes('Unschedulable'))
    if (reasons.length > 0 && (isLate || isHeld)) onWaiting(reasons)
    const nextMs = isLate ? NEXT_WORD_MS : FIRST_WORD_MS - FIRST_LOOK_MS
    word = env.timers.after(nextMs, () => void sayWhy(true), { background: true })
  }
  const giveUp = async () => {
    const reasons = await pool
      .reasons()
      .catch((error: unknown) => [`the cluster cannot say: ${(error as Error).message}`])
    if (threads > 0) return
    const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`
    const message = `Cannot run on workers: none of ${pool.wanted} was ready within ${limitMs / 1000} s${why}`
    const hint = 'Ask for fewer or smaller workers, or look with: kubectl get pods,events'
    onGivenUp(new ComputeError('SHOAL_NO_WORKERS', message, { hint, facts: { reasons, wanted: pool.wanted, limitMs } }))
  }
  const adjust = () => {
    const needed = threads === 0 && stages > 0
    if (needed) {
      timer ??= env.timers.after(limitMs, () => void giveUp())
      word ??= env.timers.after(FIRST_LOOK_MS, () => void sayWhy(false), { background: true })
    } else stop()
  }
  const stop = () => {
    timer?.cancel()
    word?.cancel()
    timer = word = undefined
  }
  return {
    threads(count) {
      threads = count
      adjust()
    },
    work(count) {
      stages = count
      adjust()
    },
    stop,
  }
}
