import type { Environment } from '../env/environment.ts'
import { awaitWorkers } from './await-workers.ts'
import { createCoordinator } from './coordinator/coordinator.ts'
import type { CoordinatorOptions } from './coordinator/options.ts'
import { listen } from './coordinator/listen.ts'
import type { Reach } from './coordinator/listen.ts'
import type { ProgramBundle } from './coordinator/stage.ts'
import { datasetStage } from './dataset/dataset-stage.ts'
import { filesDataset } from './dataset/dataset.ts'
import type { DatasetHost, FilesOptions } from './dataset/dataset.ts'
import { ComputeError } from './errors.ts'
import type { OnComputeEvent } from './events.ts'
import { imapAll } from './map/imap.ts'
import { cancelledBy, mapAll } from './map/map.ts'
import type { MapOptions } from './map/map.ts'
import { createProgress } from './progress.ts'
import type { StageProgress } from './progress.ts'
import type { RunStatus } from './run/run.ts'
import type { Shipper } from './ship/ship.ts'
import type { Shoal } from './shoal.ts'
import type { WorkerPool } from './worker-pool.ts'

export interface EngineOptions {
  readonly env: Environment
  readonly name: string
  readonly pool: WorkerPool
  readonly reach: Reach
  readonly pipeline: ProgramBundle
  readonly shipper: Shipper
  readonly onEvent: OnComputeEvent
  readonly workerTimeoutMs: number
  /** Bounds of losses and heartbeats that differ from the usual. */
  readonly limits?: Pick<CoordinatorOptions, 'maxLosses' | 'heartbeatMs' | 'silentMs' | 'cancelGraceMs'>
  readonly onStatus?: (change: Partial<RunStatus>) => void
  readonly onClosed?: (error: Error | undefined) => Promise<void>
}

export interface Engine {
  readonly shoal: Shoal
  /** Somebody deleted the run's object: that stops it. */
  runDeleted(name: string): void
}

type StageArguments<R> = [
  title: string,
  unit: 'items' | 'blocks',
  work: (progress: StageProgress) => Promise<R>,
  isCancelled?: () => boolean,
]

const TOKEN_BYTES = 32

/** A session on workers of any pool: coordinator, listener and watchdog, and the user's interface to them. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { env, pool, onEvent, shipper, name } = options
  const counts = { tasks: 0, retries: 0, losses: 0 }
  const status = (change: Partial<RunStatus>) => options.onStatus?.(change)
  const coordinator = createCoordinator({
    ...options.limits,
    env,
    investigate: (record) => pool.investigate(record),
    onWorkers({ workers, threads }) {
      watchdog.threads(threads)
      status({ workers })
      onEvent({ type: 'workers', workers, threads, wanted: pool.wanted })
    },
    onLoss(loss) {
      status({ losses: ++counts.losses })
      onEvent({ type: 'loss', loss, losses: counts.losses })
    },
    onSilent: (pod) =>
      void pool.discard(pod).catch((error: Error) => env.log.warn('Cannot end a worker', { pod, error })),
    onRetry() {
      status({ retries: ++counts.retries })
      onEvent({ type: 'retry', retries: counts.retries })
    },
  })
  const watchdog = awaitWorkers(env, pool, options.workerTimeoutMs, (error) => coordinator.failAll(error))
  const token = Buffer.from(env.random.bytes(TOKEN_BYTES)).toString('base64url')
  const listener = await listen(options.reach, name, token, coordinator)
  const starting = pool.start(listener.address, token).catch((error: Error) => {
    coordinator.close(error)
  })
  let running = 0
  let failure: Error | undefined
  let closing: Promise<void> | undefined

  const progress = createProgress(onEvent, (done) => status({ tasks: (counts.tasks += done) }))
  /** `isCancelled` says afterwards whether the program itself wanted the end. */
  const stage = async <R>(...[title, unit, work, isCancelled = () => false]: StageArguments<R>): Promise<R> => {
    if (closing !== undefined) throw closedError(name)
    watchdog.work(++running)
    try {
      const result = await progress(title, unit, work)
      failure = undefined
      return result
    } catch (error) {
      // What the program itself cancelled is no failure of the run.
      if (!isCancelled()) failure = error as Error
      throw error
    } finally {
      watchdog.work(--running)
    }
  }
  const close = async (reason?: Error) => {
    watchdog.stop()
    coordinator.close(reason ?? closedError(name))
    await starting
    await Promise.all([pool.close(), options.onClosed?.(reason ?? failure), shipper[Symbol.asyncDispose]()])
    await listener.close()
  }
  const closeOnce = (reason?: Error) => (closing ??= close(reason))
  const host: DatasetHost = {
    ship: (fn) => shipper.ship(fn),
    run(plan, output, signal) {
      const work = async ({ step }: StageProgress) => {
        const progressed = (tasks: number, bytes: number, total: number | undefined) =>
          step(tasks, undefined, bytes, total)
        await cancelledBy(coordinator.open(datasetStage(plan, options.pipeline, { ...output, progressed })), signal)
      }
      return stage(plan.name, 'blocks', work, () => signal?.aborted === true)
    },
  }
  const shoal: Shoal = {
    name,
    map<T, R>(items: Iterable<T>, fn: (item: T, index: number) => R | PromiseLike<R>, mapOptions: MapOptions = {}) {
      const shipment = shipper.ship(fn)
      const all = Array.isArray(items) ? items : [...items]
      const work = async ({ step }: StageProgress) =>
        mapAll<Awaited<R>>(coordinator, all, await shipment, mapOptions, step)
      return stage('map', 'items', work, () => mapOptions.signal?.aborted === true)
    },
    imap(items, fn, imapOptions = {}) {
      const shipment = shipper.ship(fn)
      shipment.catch(() => {})
      const isCancelled = () => imapOptions.signal?.aborted === true
      return streamed(stage, isCancelled, (step) => imapAll(coordinator, items, shipment, imapOptions, step))
    },
    files(first: string | readonly string[], ...rest: readonly unknown[]) {
      const listed = typeof first !== 'string'
      const patterns = listed ? first : [first, ...(rest as string[])]
      return filesDataset(host, patterns, listed ? ((rest[0] ?? {}) as FilesOptions) : {})
    },
    why: () => coordinator.why(),
    // Whoever says that it is over has dealt with what failed; a scope that is left may be left by the failure.
    close(reason) {
      if (reason === undefined) failure = undefined
      return closeOnce(reason)
    },
    [Symbol.asyncDispose]: () => closeOnce(),
  }
  return { shoal, runDeleted: (run) => coordinator.close(runDeletedError(run)) }
}

/** A stage that lasts for as long as its results are taken. */
async function* streamed<R>(
  stage: <R>(...args: StageArguments<R>) => Promise<R>,
  isCancelled: () => boolean,
  start: (step: (done: number, total: number | undefined) => void) => AsyncGenerator<R, void, undefined>,
): AsyncGenerator<Awaited<R>, void, undefined> {
  const started = Promise.withResolvers<AsyncGenerator<R, void, undefined>>()
  const ended = Promise.withResolvers<void>()
  const work = async ({ step }: StageProgress) => {
    started.resolve(start(step))
    await ended.promise
  }
  const whole = stage('imap', 'items', work, isCancelled)
  whole.catch(started.reject)
  try {
    yield* (await started.promise) as AsyncGenerator<Awaited<R>, void, undefined>
    ended.resolve()
  } catch (error) {
    ended.reject(error)
    throw error
  } finally {
    ended.resolve()
    await whole.catch(() => {})
  }
}

function closedError(name: string): ComputeError {
  return new ComputeError('SHOAL_CLOSED', `Cannot go on with "${name}": its session is closed, expected an open one`)
}

function runDeletedError(name: string): ComputeError {
  const message = `Cannot go on with "${name}": its run was deleted while it ran`
  return new ComputeError('SHOAL_RUN_DELETED', message, { facts: { name } })
}
