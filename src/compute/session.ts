import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { randomSuffix } from '../env/random.ts'
import { createEngine } from './engine.ts'
import type { Reach } from './coordinator/listen.ts'
import type { OnComputeEvent } from './events.ts'
import { createJobPool } from './pods/job-pool.ts'
import type { WorkerOptions } from './pods/worker-job.ts'
import { recordRun } from './run/run-record.ts'
import { createShipper } from './ship/ship.ts'
import type { Shipper } from './ship/ship.ts'
import type { Shoal } from './shoal.ts'
import { workerPrograms } from './worker-program.ts'

export interface ComputeOptions {
  readonly client: Client
  readonly env: Environment
  readonly namespace: string
  /** How worker pods reach this process. */
  readonly reach: Reach
  /** Such as `node:24`. */
  readonly image: string
  readonly workers?: WorkerOptions
  /** What runs, for the run's object. */
  readonly program?: { readonly name: string; readonly args?: readonly string[]; readonly owner?: string }
  /** Where bundles are kept between runs. Default `~/.cache/shoal`. */
  readonly cacheDirectory?: string
  /** How functions are made ready to travel. One of the session's own where absent. */
  readonly shipper?: Shipper
  readonly onEvent?: OnComputeEvent
  /** How long work waits while there is no worker. Default 60,000 ms. */
  readonly workerTimeoutMs?: number
}

const WORKER_TIMEOUT_MS = 60_000

/**
 * A session on worker pods. Resolves as soon as work can be submitted; the pods start meanwhile. Dispose of it to end
 * them.
 */
export async function createCompute(options: ComputeOptions): Promise<Shoal> {
  const { client, env, namespace, workers = {} } = options
  const cacheDirectory = options.cacheDirectory ?? join(homedir(), '.cache', 'shoal')
  const onEvent = options.onEvent ?? (() => {})
  const programs = await workerPrograms(cacheDirectory)
  const name = `run-${randomSuffix(env.random, 8)}`
  const pool = createJobPool({ ...options, name, workers, program: programs.worker })
  const { name: program = 'unnamed', ...facts } = options.program ?? {}
  const record = recordRun({
    client,
    env,
    name,
    namespace,
    spec: { program, ...facts, workers: pool.wanted },
    after: pool.created,
    onDeleted: () => engine.runDeleted(name),
  })
  const engine = await createEngine({
    env,
    name,
    pool,
    reach: options.reach,
    pipeline: programs.pipeline,
    shipper:
      options.shipper ??
      createShipper({ cacheDirectory, onWarning: (message) => onEvent({ type: 'warning', message }) }),
    onEvent,
    workerTimeoutMs: options.workerTimeoutMs ?? WORKER_TIMEOUT_MS,
    onStatus: (change) => record.update(change),
    onClosed: (error) => record.close(error),
  })
  void record.created
    .then((run) => pool.adopt({ apiVersion: run.apiVersion, kind: run.kind, name, uid: run.metadata.uid ?? '' }))
    .catch((error: Error) => env.log.debug('The run has no object of its own', { name, error }))
  return engine.shoal
}
