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

/** Calls `onGivenUp` with the reasons when work has waited for `limitMs` with no thread to run it. */
export function awaitWorkers(
  env: Environment,
  pool: WorkerPool,
  limitMs: number,
  onGivenUp: (error: ComputeError) => void,
): WorkerWatchdog {
  let threads = 0
  let stages = 0
  let timer: Timer | undefined
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
    if (needed) timer ??= env.timers.after(limitMs, () => void giveUp())
    else {
      timer?.cancel()
      timer = undefined
    }
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
    stop: () => timer?.cancel(),
  }
}
