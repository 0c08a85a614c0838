import type { Environment } from '../env/environment.ts'
import { awaitWorkers } from './await-workers.ts'
import { coordinateHere } from './coordination.ts'
import type { Coordination, CreateCoordination, StageHost } from './coordination.ts'
import type { Reach } from './coordinator/listen.ts'
import type { CoordinatorOptions } from './coordinator/options.ts'
import type { Needs, ProgramBundle } from './coordinator/stage.ts'
import type { TaskRecord } from './coordinator/task-record.ts'
import { createShoal } from './create-shoal.ts'
import type { ElasticLimits } from './elastic/elastic-pool.ts'
import { createElasticWorkers } from './elastic/elastic-workers.ts'
import type { ElasticWorkers } from './elastic/elastic-workers.ts'
import { gangStart } from './elastic/gang-start.ts'
import { ComputeError } from './errors.ts'
import type { OnComputeEvent } from './events.ts'
import { NO_JOBS } from './jobs.ts'
import type { JobApi, JobEngine } from './jobs.ts'
import type { Journal } from './journal/journal-file.ts'
import { journaled } from './journal/journaled.ts'
import { createProgress } from './progress.ts'
import { createFailedTasks, keepingFailed } from './replay/keep-failed.ts'
import type { FailedTasks } from './replay/keep-failed.ts'
import type { RunStatus } from './run/run.ts'
import { createRunReport } from './run-report.ts'
import type { RunReport } from './run-report.ts'
import type { Shipper } from './ship/ship.ts'
import type { Shoal } from './shoal.ts'
import { createStageRunner } from './stage-runner.ts'
import { createTaskApi } from './task/task-api.ts'
import type { TaskSession } from './task/task-api.ts'
import type { PartLimits } from './dataset/parts-input.ts'
import type { Volumes } from './sources/reachable.ts'
import type { WorkerPool } from './worker-pool.ts'

export interface EngineOptions {
  readonly env: Environment
  readonly name: string
  readonly pool: WorkerPool
  /** Where the coordinator runs: in this process, reached by workers so, or wherever this puts it. */
  readonly reach: Reach | CreateCoordination
  readonly pipeline: ProgramBundle
  /** The same with the libraries of columnar formats, made at first need. */
  readonly columnar?: () => Promise<ProgramBundle>
  /** Volumes that the workers share with each other and the driver, by name. */
  readonly volumes?: Volumes
  /** Bounds of what one task reads of a shuffle that differ from the usual. */
  readonly partLimits?: PartLimits
  readonly shipper: Shipper
  /** What runs containers, where there is a cluster. */
  readonly jobs?: (engine: JobEngine) => JobApi
  readonly onEvent: OnComputeEvent
  readonly workerTimeoutMs: number
  /** Bounds of losses and heartbeats that differ from the usual. */
  readonly limits?: Pick<CoordinatorOptions, 'maxLosses' | 'heartbeatMs' | 'silentMs' | 'cancelGraceMs'>
  readonly onStatus?: (change: Partial<RunStatus>) => void
  /** Hears of every attempt at a task that came to an end. */
  readonly onTask?: (record: TaskRecord) => void
  /** How many workers there are follows from the work, within these limits; `capacity` is what one of them offers. */
  readonly elastic?: ElasticLimits & { readonly capacity: Needs }
  /** Where tasks that fail for good are kept, for `shoal replay`. */
  readonly failedDirectory?: string
  /** Work begins once so many workers are there. */
  readonly gang?: number
  /** What was committed before, and is from now on. */
  readonly journal?: Journal
  readonly onClosed?: (error: Error | undefined) => Promise<void>
}

export interface Engine {
  readonly shoal: Shoal
  /** Somebody deleted the run's object: that stops it. */
  runDeleted(name: string): void
}

/** A session on workers of any pool: coordinator, listener and watchdog, and the user's interface to them. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { env, pool, onEvent, shipper, name } = options
  const report = createRunReport(options, () => coordination?.coordinator.demand?.())
  const { reach } = options
  const coordinate = typeof reach === 'function' ? reach : coordinateHere(reach, name)
  let coordination = undefined as Coordination | undefined
  const started = await coordinate({
    ...coordinatorOptions(options, report),
    onAsk: (place, body) => tasks.onAsk(place, body),
    onWorkers(counts) {
      watchdog.threads(counts.threads)
      gang?.workers(counts.workers)
      tasks.onWorkers()
      report.workers(counts)
    },
    onLeaving: (pod) => tasks.leave(pod),
  })
  coordination = started
  const gang = options.gang === undefined ? undefined : gangStart(started.coordinator, options.gang)
  const { journal } = options
  const failedTasks = failedTasksOf(options)
  const open = gang?.coordinator ?? started.coordinator
  const host = failedTasks === undefined ? open : keepingFailed(open, failedTasks)
  const coordinator = journal === undefined ? host : journaled(host, journal)
  const watchdog = awaitWorkers(env, pool, {
    limitMs: options.workerTimeoutMs,
    onWaiting: (reasons) => onEvent({ type: 'waiting', reasons }),
    onGivenUp: (error) => coordinator.failAll(error),
  })
  const starting = started.start(pool).catch((error: Error) => {
    coordinator.close(error)
  })
  let closing: Promise<void> | undefined
  const checkOpen = () => {
    if (closing !== undefined) throw closedError(name)
    elastic?.work()
  }
  const stages = createStageRunner(createProgress(onEvent, report.tasks), watchdog, checkOpen)
  const tasks = createTaskApi({ env, coordinator, shipper, stages, failedTasks })
  const elastic = elasticWorkers(options, coordinator, tasks)
  const close = async (reason?: Error) => {
    watchdog.stop()
    elastic?.stop()
    report.close()
    tellUnobserved(tasks, onEvent)
    coordinator.close(reason ?? closedError(name))
    await starting
    await Promise.all([pool.close(), options.onClosed?.(reason ?? stages.failure()), shipper[Symbol.asyncDispose]()])
    await started.close()
    journal?.close(reason === undefined && stages.failure() === undefined)
    tasks.close()
  }
  const closeOnce = (reason?: Error) => (closing ??= close(reason))
  const shoal = createShoal({
    ...options,
    coordinator,
    isLocal: isLocal(reach),
    stages,
    tasks: tasks.api,
    why: () => [...coordinator.why(), ...tasks.why()],
    metrics: report.metrics,
    jobs: options.jobs?.({ tasks: tasks.api, shipper }) ?? NO_JOBS,
    close: closeOnce,
  })
  return { shoal, runDeleted: (run) => coordinator.close(runDeletedError(run)) }
}

function failedTasksOf({ env, name, failedDirectory, onEvent }: EngineOptions): FailedTasks | undefined {
  if (failedDirectory === undefined) return undefined
  return createFailedTasks({
    env,
    run: name,
    directory: failedDirectory,
    onKept: ({ id, name, what, error }) => onEvent({ type: 'kept', task: { id, name, what, error } }),
  })
}

function elasticWorkers(
  { env, pool, elastic: limits }: EngineOptions,
  coordinator: StageHost,
  { homeless, leave }: TaskSession,
): ElasticWorkers | undefined {
  if (limits === undefined || pool.elastic === undefined) return undefined
  const { capacity } = limits
  const pooled = () => pool.wanted
  return createElasticWorkers({
    env,
    pool: pool.elastic,
    pooled,
    coordinator,
    limits,
    capacity,
    homeless,
    onLeaving: leave,
  })
}

function tellUnobserved({ unobserved }: TaskSession, onEvent: OnComputeEvent): void {
  const count = unobserved()
  if (count > 0) onEvent({ type: 'warning', message: `${count} calls failed and nobody asked for their results` })
}

function coordinatorOptions({ env, pool, limits }: EngineOptions, report: RunReport): CoordinatorOptions {
  return {
    ...limits,
    env,
    investigate: (record) => pool.investigate(record),
    onLoss: report.loss,
    onSilent: (pod) =>
      void pool.discard(pod).catch((error: Error) => env.log.warn('Cannot end a worker', { pod, error })),
    onRetry: report.retry,
    onTask: report.task,
    onLog: report.log,
  }
}

/** Whether workers talk to each other over sockets of one machine. */
function isLocal(reach: EngineOptions['reach']): boolean {
  return typeof reach !== 'function' && reach.kind === 'unix'
}

function closedError(name: string): ComputeError {
  return new ComputeError('SHOAL_CLOSED', `Cannot go on with "${name}": its session is closed, expected an open one`)
}

function runDeletedError(name: string): ComputeError {
  const message = `Cannot go on with "${name}": its run was deleted while it ran`
  return new ComputeError('SHOAL_RUN_DELETED', message, { facts: { name } })
}
