import type { LossRecord } from './coordinator/loss.ts'
import type { WorkerCounts } from './coordinator/options.ts'
import type { OnComputeEvent } from './events.ts'
import type { RunStatus } from './run/run.ts'
import type { WorkerPool } from './worker-pool.ts'

/** Where a run's figures go: to the status of its object, and to the listener. */
export interface RunReportOptions {
  readonly pool: Pick<WorkerPool, 'wanted'>
  readonly onEvent: OnComputeEvent
  readonly onStatus?: (change: Partial<RunStatus>) => void
}

/** Counts what happens in a run and tells of it. */
export interface RunReport {
  readonly workers: (now: WorkerCounts) => void
  readonly loss: (loss: LossRecord) => void
  readonly retry: () => void
  /** So many more are done. */
  readonly tasks: (done: number) => void
}

export function createRunReport(options: RunReportOptions): RunReport {
  const { pool, onEvent } = options
  const counts = { tasks: 0, retries: 0, losses: 0 }
  const status = (change: Partial<RunStatus>) => options.onStatus?.(change)
  return {
    workers({ workers, threads }) {
      status({ workers })
      onEvent({ type: 'workers', workers, threads, wanted: pool.wanted })
    },
    loss(loss) {
      status({ losses: ++counts.losses })
      onEvent({ type: 'loss', loss, losses: counts.losses })
    },
    retry() {
      status({ retries: ++counts.retries })
      onEvent({ type: 'retry', retries: counts.retries })
    },
    tasks: (done) => status({ tasks: (counts.tasks += done) }),
  }
}
