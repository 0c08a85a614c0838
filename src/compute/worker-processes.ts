import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LossRecord } from './coordinator/loss.ts'
import { WORKER_VARIABLES } from './wire/worker-variables.ts'

/** Workers as plain child processes, for tests and benchmarks of this layer alone: in place of a Job's pods. */
export interface WorkerProcesses {
  /** The processes that run now, by pod name. */
  readonly running: ReadonlyMap<string, ChildProcess>
  investigate(record: LossRecord): Promise<LossRecord>
  [Symbol.asyncDispose](): Promise<void>
}

export interface WorkerProcessesOptions {
  readonly address: string
  readonly token: string
  readonly count: number
  readonly threads: number
  /** The worker program; its sources where absent. */
  readonly program?: string
  readonly nodeFlags?: readonly string[]
}

/** Starts `count` workers and replaces those that end, as the Job controller does. */
export function startWorkerProcesses(options: WorkerProcessesOptions): WorkerProcesses {
  const running = new Map<string, ChildProcess>()
  const ended = new Map<string, Partial<LossRecord>>()
  const exits = new Set<Promise<unknown>>()
  let stopping = false
  let started = 0
  const start = () => {
    const pod = `worker-${started++}`
    const program = options.program ?? fileURLToPath(new URL('worker/worker.ts', import.meta.url))
    const child = spawn(process.execPath, ['--no-warnings', ...(options.nodeFlags ?? []), program], {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        [WORKER_VARIABLES.address]: options.address,
        [WORKER_VARIABLES.token]: options.token,
        [WORKER_VARIABLES.threads]: String(options.threads),
        [WORKER_VARIABLES.pod]: pod,
        [WORKER_VARIABLES.node]: 'here',
      },
    })
    running.set(pod, child)
    let log = ''
    child.stderr?.on('data', (text: Buffer) => (log = (log + text.toString()).slice(-4000)))
    const exit = new Promise<void>((resolve) =>
      child.once('close', (exitCode, signal) => {
        running.delete(pod)
        const how = signal === null ? { exitCode: exitCode ?? 0 } : { signal, reason: `was killed by ${signal}` }
        ended.set(pod, { ...how, lastLogLines: log.trimEnd().split('\n').slice(-10) })
        if (!stopping) start()
        resolve()
      }),
    )
    exits.add(exit)
    void exit.then(() => exits.delete(exit))
  }
  for (let index = 0; index < options.count; index++) start()
  return {
    running,
    investigate: (record) => Promise.resolve({ ...record, ...ended.get(record.pod) }),
    async [Symbol.asyncDispose]() {
      stopping = true
      for (const child of running.values()) child.kill('SIGKILL')
      await Promise.all(exits)
    },
  }
}
