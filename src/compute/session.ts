import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { randomSuffix } from '../env/random.ts'
import { createEngine } from './engine.ts'
import type { EngineOptions } from './engine.ts'
import type { Reach } from './coordinator/listen.ts'
import type { TaskRecord } from './coordinator/task-record.ts'
import type { OnComputeEvent } from './events.ts'
import { createJobs } from './jobs.ts'
import type { ClusterReach } from './pods/coordinate-in-pod.ts'
import { createJobPool } from './pods/job-pool.ts'
import { firstWorkers, threadHeapMiB } from './pods/worker-job.ts'
import { partLimitsFor } from './dataset/parts-input.ts'
import { volumePlaces } from './pods/shared-volumes.ts'
import type { Owner } from './pods/job-pool.ts'
import type { WorkerOptions } from './pods/worker-job.ts'
import type { Journal } from './journal/journal-file.ts'
import { recordRun } from './run/run-record.ts'
import { createShipper } from './ship/ship.ts'
import type { Shipper } from './ship/ship.ts'
import type { Shoal } from './shoal.ts'
import type { PodReach } from './trust/coordinate-securely.ts'
import type { Trust } from './wire/secure.ts'
import { columnarProgram, workerPrograms } from './worker-program.ts'
import type { WorkerPrograms } from './worker-program.ts'

export interface ComputeOptions {
  readonly client: Client
  readonly env: Environment
  readonly namespace: string
  /** How worker pods reach this process, or that they do not. */
  readonly reach: Reach | ClusterReach | PodReach
  /** The cluster is the program's own and ends with it. */
  readonly ownsCluster?: boolean
  /** Such as `node:24`. */
  readonly image: string
  readonly workers?: WorkerOptions
  /** What runs, for the run's object. */
  readonly program?: { readonly name: string; readonly args?: readonly string[]; readonly owner?: string }
  /** What workers run, where that was made beforehand. */
  readonly programs?: { readonly workers: WorkerPrograms; readonly columnar: WorkerPrograms['pipeline'] }
  /** Where bundles are kept between runs. Default `~/.cache/shoal`. */
  readonly cacheDirectory?: string
  /** How functions are made ready to travel. One of the session's own where absent. */
  readonly shipper?: Shipper
  /**
   * Makes the run durable: what it commits is recorded, and a driver that is started again under the same name, after it
   * was killed or has failed, goes on from there.
   */
  readonly name?: string
  /** Where runs that have a name keep their journals. Default `~/.local/state/shoal/runs`. */
  readonly stateDirectory?: string
  readonly onEvent?: OnComputeEvent
  /** Where tasks that fail for good are kept, to be run again by `shoal replay`. Default: nowhere. */
  readonly failedDirectory?: string
  /** Hears of every attempt at a task that came to an end: what a timeline is made of. */
  readonly onTask?: (record: TaskRecord) => void
  /** How long work waits while there is no worker. Default 60,000 ms, five times that on a cluster elsewhere. */
  readonly workerTimeoutMs?: number
}

const WORKER_TIMEOUT_MS = 60_000
/** Images may have to be fetched first. */
const ELSEWHERE_TIMEOUT_MS = 300_000

/**
 * A session on worker pods. Resolves as soon as work can be submitted; the pods start meanwhile. Dispose of it to end
 * them.
 */
export async function createCompute(options: ComputeOptions): Promise<Shoal> {
  const { client, env, namespace, workers = {} } = options
  const cacheDirectory = options.cacheDirectory ?? join(homedir(), '.cache', 'shoal')
  const onEvent = options.onEvent ?? (() => {})
  const programs = options.programs?.workers ?? (await workerPrograms(cacheDirectory))
  const name =
    options.name === undefined ? `run-${randomSuffix(env.random, 8)}` : `${options.name}-${randomSuffix(env.random)}`
  const durable = options.name === undefined ? undefined : await openDurably(options, options.name)
  if (options.name !== undefined) await leaveNothingEarlier(options, options.name)
  const place = await placeOf(options, name, cacheDirectory)
  const pool = createJobPool({ ...options, ...place, name, workers, program: programs.worker })
  const { name: program = 'unnamed', ...facts } = options.program ?? {}
  const begun = awaitBeginning(env)
  const record = recordRun({
    client,
    env,
    name: options.name ?? name,
    namespace,
    spec: { program, ...facts, workers: pool.wanted },
    after: options.ownsCluster === true ? begun.after(pool.created) : pool.created,
    onDeleted: () => engine.runDeleted(options.name ?? name),
  })
  const engine = await createEngine({
    env,
    name,
    pool,
    reach: place.reach,
    pipeline: programs.pipeline,
    columnar: async () => options.programs?.columnar ?? (await columnarProgram(cacheDirectory)),
    shipper:
      options.shipper ??
      createShipper({ cacheDirectory, onWarning: (message) => onEvent({ type: 'warning', message }) }),
    jobs: (parts) => createJobs({ ...options, cacheDirectory }, parts),
    ...scaling(workers),
    ...(options.onTask === undefined ? {} : { onTask: options.onTask }),
    ...dataLimits(workers, options.reach.kind === 'pod'),
    ...(options.failedDirectory === undefined ? {} : { failedDirectory: options.failedDirectory }),
    onEvent,
    workerTimeoutMs: place.workerTimeoutMs,
    onStatus(change) {
      if ((change.tasks ?? 0) > 0) begun.now()
      record.update(change)
    },
    onClosed(error) {
      begun.now()
      return record.close(error)
    },
    ...(durable === undefined ? {} : { journal: durable }),
  })
  void record.created
    .then(({ apiVersion, kind, metadata }) => {
      const owner = { apiVersion, kind, name: metadata.name ?? name, uid: metadata.uid ?? '' }
      return Promise.all([pool.adopt(owner), place.adopt?.(owner)])
    })
    .catch((error: Error) => env.log.debug('The run has no object of its own', { name, error }))
  return engine.shoal
}

/** How long the object of a run waits for the first result at the most. */
const BEGINNING_MS = 500

/**
 * When the object of a run is made: the first result would wait for what that takes of the cluster's time, where cluster and program
 * share a machine. Nobody else is there to see it earlier.
 */
function awaitBeginning({ timers }: Environment) {
  const { promise, resolve } = Promise.withResolvers<void>()
  return {
    now: resolve,
    async after(created: Promise<void>): Promise<void> {
      await created
      const timer = timers.after(BEGINNING_MS, resolve)
      await promise
      timer.cancel()
    },
  }
}

/** What datasets know of the workers: what they share, and how much of it a thread can hold. */
function dataLimits(workers: WorkerOptions, isPod: boolean): Pick<EngineOptions, 'volumes' | 'partLimits'> {
  const heapMiB = threadHeapMiB(workers)
  return {
    ...(workers.volumes === undefined ? {} : { volumes: volumePlaces(workers.volumes, isPod) }),
    ...(heapMiB === undefined ? {} : { partLimits: partLimitsFor(heapMiB * 2 ** 20) }),
  }
}

const IDLE_MS = 10_000

/** How the number of workers changes, and whether they begin together. */
function scaling(workers: WorkerOptions): Pick<EngineOptions, 'elastic' | 'gang'> {
  const { min = 0, max, spare = 0, idleMs = IDLE_MS, threads = 1, resources = {} } = workers
  return {
    ...(max === undefined ? {} : { elastic: { min, max, spare, idleMs, capacity: { cpu: threads, ...resources } } }),
    ...(workers.gang === true ? { gang: firstWorkers(workers) } : {}),
  }
}

async function leaveNothingEarlier({ client, namespace, env }: ComputeOptions, name: string): Promise<void> {
  const { removeEarlier } = await import('./run/earlier-run.ts')
  await removeEarlier(client, namespace, name).catch((error: unknown) =>
    env.log.warn('Cannot remove what an earlier driver has left', { name, error }),
  )
}

/** The journal of a run with a name, which is this process' own until it is closed. */
async function openDurably({ env, stateDirectory }: ComputeOptions, name: string): Promise<Journal> {
  const [{ openJournal }, { lockRun }] = await Promise.all([
    import('./journal/journal-file.ts'),
    import('./journal/run-lock.ts'),
  ])
  const directory = join(stateDirectory ?? join(homedir(), '.local', 'state', 'shoal', 'runs'), name)
  const release = lockRun(directory, name)
  const journal = openJournal(env, join(directory, 'journal'))
  return {
    ...journal,
    close(isOver) {
      journal.close(isOver)
      release()
    },
  }
}

interface SessionPlace extends Pick<EngineOptions, 'reach' | 'workerTimeoutMs'> {
  readonly trust?: Trust
  /** Makes what the coordinator stands on belong to the run. */
  readonly adopt?: (owner: Owner) => Promise<void>
}

/** Where the coordinator runs, and what follows from that. What a cluster elsewhere needs is loaded for it alone. */
async function placeOf(options: ComputeOptions, run: string, cacheDirectory: string): Promise<SessionPlace> {
  const { reach, env, workerTimeoutMs } = options
  if (reach.kind === 'unix' || reach.kind === 'tcp') {
    return { reach, workerTimeoutMs: workerTimeoutMs ?? WORKER_TIMEOUT_MS }
  }
  const { createRunTrust } = await import('./trust/run-trust.ts')
  const trust = createRunTrust(env, run)
  const startMs = workerTimeoutMs ?? ELSEWHERE_TIMEOUT_MS
  if (reach.kind === 'pod') {
    const { coordinateSecurely } = await import('./trust/coordinate-securely.ts')
    return {
      reach: coordinateSecurely(reach, trust.coordinator),
      workerTimeoutMs: startMs,
      trust: trust.worker,
    }
  }
  const { adoptCoordinator, coordinateInPod } = await import('./pods/coordinate-in-pod.ts')
  const onEvent: OnComputeEvent = (event) => options.onEvent?.(event)
  const onWaiting = (reasons: readonly string[]) => onEvent({ type: 'waiting', reasons })
  return {
    reach: coordinateInPod({ ...options, reach, run, trust, cacheDirectory, startMs, onWaiting, onLink: onEvent }),
    workerTimeoutMs: startMs,
    trust: trust.worker,
    adopt: (owner) => adoptCoordinator(options.client, options.namespace, run, owner),
  }
}
