import type { LossRecord } from './coordinator/loss.ts'
import type { WorkerLog } from './coordinator/options.ts'
import type { FailedTask } from './replay/failed-task.ts'
import type { RunSummary } from './trace/run-summary.ts'

/** What happens in a session, for whoever shows it: the command line draws from these. Times are left to the listener. */
export type ComputeEvent =
  | { readonly type: 'stage-started'; readonly stage: number; readonly name: string }
  /** At most one per stage and turn. Totals are absent while they are not known yet. */
  | {
      readonly type: 'progress'
      readonly stage: number
      readonly name: string
      readonly unit: 'items' | 'blocks'
      readonly done: number
      readonly total?: number
      readonly bytes?: number
      readonly totalBytes?: number
    }
  | { readonly type: 'stage-ended'; readonly stage: number; readonly name: string; readonly error?: unknown }
  | { readonly type: 'workers'; readonly workers: number; readonly threads: number; readonly wanted: number }
  /** Work waits and there is no worker at all: what they wait for, one sentence each, with numbers. */
  | { readonly type: 'waiting'; readonly reasons: readonly string[] }
  /** The coordinator is elsewhere, and nothing is heard of it: why, with numbers. It goes on meanwhile. Absent: it is heard. */
  | { readonly type: 'link'; readonly cut?: string }
  | { readonly type: 'loss'; readonly loss: LossRecord; readonly losses: number }
  | { readonly type: 'retry'; readonly retries: number }
  /** What user code wrote to its console on a worker, as it was written. */
  | { readonly type: 'log'; readonly log: WorkerLog }
  /** A task failed for good and was kept: `shoal replay ID` runs it again. */
  | { readonly type: 'kept'; readonly task: Pick<FailedTask, 'id' | 'name' | 'what' | 'error'> }
  /** The last of a session: what it has spent. */
  | { readonly type: 'summary'; readonly summary: RunSummary }
  /** Works, but will hurt: such as a large captured value. */
  | { readonly type: 'warning'; readonly message: string }

export type OnComputeEvent = (event: ComputeEvent) => void
