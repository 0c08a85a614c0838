import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import type { Demand } from './coordinator/demand.ts'
import type { LossRecord } from './coordinator/loss.ts'
import type { WorkerCounts, WorkerLog } from './coordinator/options.ts'
import type { TaskRecord } from './coordinator/task-record.ts'
import type { OnComputeEvent } from './events.ts'
import type { RunStatus } from './run/run.ts'
import { metricsText } from './trace/metrics-text.ts'
import { createRunFigures } from './trace/run-figures.ts'
import { runView } from './trace/run-view.ts'
import type { WorkerPool } from './worker-pool.ts'

/** Where a run's figures go: to the status of its object, and to the listener. */
export interface RunReportOptions {
  readonly name: string
  readonly env: Environment
  readonly pool: Pick<WorkerPool, 'wanted'>
  readonly onEvent: OnComputeEvent
  /** Hears of every attempt at a task that came to an end. */
  readonly onTask?: (record: TaskRecord) => void
  readonly onStatus?: (change: Partial<RunStatus>) => void
}

/** Counts what happens in a run and tells of it. */
export interface RunReport {
  readonly workers: (now: WorkerCounts) => void
  readonly loss: (loss: LossRecord) => void
  readonly retry: () => void
  readonly task: (record: TaskRecord) => void
  readonly log: (log: WorkerLog) => void
  /** So many more are done. */
  readonly tasks: (done: number) => void
  /** The figures so far, for Prometheus. */
  readonly metrics: () => string
  /** The session ends: what it has spent is told. */
  readonly close: () => void
}

/** How often the figures of workers and stages are looked at. */
const LOOK_MS = 1000

/** `demand` says what there is to do, once there is a coordinator to ask. */
export function createRunReport(options: RunReportOptions, demand: () => Demand | undefined): RunReport {
  const { pool, onEvent, env } = options
  const counts = { tasks: 0, retries: 0, losses: 0 }
  const figures = createRunFigures(env, demand)
  const status = (change: Partial<RunStatus>) => options.onStatus?.(change)
  let told = ''
  let timer: Timer | undefined
  const look = () => {
    figures.look()
    const view = runView(figures.summary(), demand())
    const text = JSON.stringify(view)
    if (text !== told) status(view)
    told = text
    timer = env.timers.after(LOOK_MS, look, { background: true })
  }
  timer = env.timers.after(LOOK_MS, look, { background: true })
  return {
    workers({ workers, threads }) {
      status({ workers })
      onEvent({ type: 'workers', workers, threads, wanted: pool.wanted })
    },
    loss(loss) {
      figures.loss()
      status({ losses: ++counts.losses })
      onEvent({ type: 'loss', loss, losses: counts.losses })
    },
    retry() {
      figures.retry()
      status({ retries: ++counts.retries })
      onEvent({ type: 'retry', retries: counts.retries })
    },
    task(record) {
      figures.task(record)
      options.onTask?.(record)
    },
    log: (log) => onEvent({ type: 'log', log }),
    tasks: (done) => status({ tasks: (counts.tasks += done) }),
    metrics: () => metricsText(options.name, figures.summary(), demand()),
    close() {
      timer?.cancel()
      onEvent({ type: 'summary', summary: figures.summary() })
    },
  }
}
