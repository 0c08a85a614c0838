import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LossRecord } from './coordinator/loss.ts'
import { WORKER_VARIABLES } from './wire/worker-variables.ts'
import type { WorkerPool } from './worker-pool.ts'
import { ownModule } from '../env/own-module.ts'

/** Workers as plain child processes, replaced as a Job replaces its pods: this layer alone, for tests and benchmarks. */
export interface WorkerProcesses extends WorkerPool {
  /** The processes that run now, by pod name. */
  readonly running: ReadonlyMap<string, ChildProcess>
}

export interface WorkerProcessesOptions {
  readonly count: number
  readonly threads: number
  /** The file of the worker program; its sources where absent. */
  readonly program?: string
  readonly nodeFlags?: readonly string[]
  /** Environment variables beside those that every worker has. */
  readonly variables?: Readonly<Record<string, string>>
}

export function createWorkerProcesses(options: WorkerProcessesOptions): WorkerProcesses {
  const running = new Map<string, ChildProcess>()
  const ended = new Map<string, Promise<Partial<LossRecord>>>()
  const retired = new Set<string>()
  let wanted = options.count
  let stopping = false
  let started = 0
  const startOne = (address: string, token: string) => {
    const pod = `worker-${started++}`
    const child = spawnWorker(options, { pod, address, token })
    running.set(pod, child)
    const end = endOf(child)
    ended.set(pod, end)
    void end.then(() => {
      running.delete(pod)
      if (!retired.has(pod)) fill(address, token)
    })
  }
  const fill = (address: string, token: string) => {
    while (!stopping && running.size < wanted) startOne(address, token)
  }
  let refill = () => {}
  return {
    running,
    get wanted() {
      return wanted
    },
    elastic: {
      grow(count) {
        wanted = count
        refill()
        return Promise.resolve()
      },
      async retire(pod) {
        wanted--
        const child = pod === undefined ? undefined : running.get(pod)
        if (pod === undefined || child === undefined) return
        retired.add(pod)
        child.kill('SIGTERM')
        await ended.get(pod)
      },
    },
    start(address, token) {
      refill = () => fill(address, token)
      refill()
      return Promise.resolve()
    },
    investigate: async (record) => ({ ...record, ...(await ended.get(record.pod)) }),
    discard: (pod) => Promise.resolve(void running.get(pod)?.kill('SIGKILL')),
    reasons: () => Promise.resolve([`${running.size} processes run`]),
    async close() {
      stopping = true
      for (const child of running.values()) child.kill('SIGKILL')
      await Promise.all(ended.values())
    },
  }
}

function spawnWorker(
  options: WorkerProcessesOptions,
  { pod, address, token }: { readonly pod: string; readonly address: string; readonly token: string },
): ChildProcess {
  const program = options.program ?? fileURLToPath(ownModule(import.meta.url, 'worker/worker'))
  return spawn(process.execPath, ['--no-warnings', ...(options.nodeFlags ?? []), program], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      [WORKER_VARIABLES.address]: address,
      [WORKER_VARIABLES.token]: token,
      [WORKER_VARIABLES.threads]: String(options.threads),
      [WORKER_VARIABLES.pod]: pod,
      [WORKER_VARIABLES.node]: 'here',
      ...options.variables,
    },
  })
}

function endOf(child: ChildProcess): Promise<Partial<LossRecord>> {
  let log = ''
  child.stderr?.on('data', (text: Buffer) => (log = (log + text.toString()).slice(-4000)))
  return new Promise((resolve) =>
    child.once('close', (exitCode, signal) => {
      const how =
        signal === null
          ? { exitCode: exitCode ?? 0, reason: `exited with code ${exitCode}` }
          : { signal, reason: `was killed by ${signal}` }
      resolve({ ...how, ...(log === '' ? {} : { lastLogLines: log.trimEnd().split('\n').slice(-10) }) })
    }),
  )
}
