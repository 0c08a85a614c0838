import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemEnvironment } from '../../env/system.ts'
import type { Reach } from '../coordinator/listen.ts'
import { createEngine } from '../engine.ts'
import type { EngineOptions } from '../engine.ts'
import type { ComputeEvent } from '../events.ts'
import { createShipper } from '../ship/ship.ts'
import type { Shoal } from '../shoal.ts'
import { createWorkerProcesses } from '../worker-processes.ts'
import type { WorkerPool } from '../worker-pool.ts'
import { columnarProgram, workerPrograms } from '../worker-program.ts'

/** A session on real worker processes, with a directory of its own for what a test writes. */
export interface TestSession extends AsyncDisposable {
  readonly shoal: Shoal
  readonly directory: string
  readonly events: ComputeEvent[]
}

export interface TestSessionOptions extends Pick<EngineOptions, 'volumes' | 'partLimits' | 'limits'> {
  /** The workers, where they are not plain processes. */
  readonly pool?: WorkerPool
  readonly workers?: number
  readonly network?: boolean
  readonly variables?: Readonly<Record<string, string>>
}

export async function openSession(options: TestSessionOptions = {}): Promise<TestSession> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-data-'))
  const cache = join(directory, 'cache')
  const programs = await workerPrograms(cache)
  const events: ComputeEvent[] = []
  const reach: Reach =
    options.network === true ? { kind: 'tcp', host: '127.0.0.1' } : { kind: 'unix', directory: join(directory, 's') }
  const { variables = {} } = options
  const { shoal } = await createEngine({
    env: systemEnvironment(),
    name: 'test',
    pool: options.pool ?? createWorkerProcesses({ count: options.workers ?? 2, threads: 1, variables }),
    reach,
    pipeline: programs.pipeline,
    columnar: () => columnarProgram(cache),
    ...(options.volumes === undefined ? {} : { volumes: options.volumes }),
    ...(options.partLimits === undefined ? {} : { partLimits: options.partLimits }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    shipper: createShipper(),
    onEvent: (event) => void events.push(event),
    workerTimeoutMs: 30_000,
  })
  return {
    shoal,
    directory,
    events,
    async [Symbol.asyncDispose]() {
      await shoal.close()
      rmSync(directory, { recursive: true })
    },
  }
}
