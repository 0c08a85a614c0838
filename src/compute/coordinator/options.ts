import type { Environment } from '../../env/environment.ts'
import type { Link } from '../wire/link.ts'
import type { InvestigateLoss, LossRecord } from './loss.ts'
import type { Place } from './stage.ts'
import type { TaskRecord } from './task-record.ts'

export interface CoordinatorOptions {
  readonly env: Environment
  /** How many workers a task may cost before it fails. Default 3. */
  readonly maxLosses?: number
  /** Milliseconds between two heartbeats. Default 1,000. */
  readonly heartbeatMs?: number
  /** A worker that was silent for longer is taken for lost. Default 10,000. */
  readonly silentMs?: number
  /** How long a cancelled function may go on before its thread is ended. Default 250. */
  readonly cancelGraceMs?: number
  readonly investigate?: InvestigateLoss
  readonly onWorkers?: (workers: WorkerCounts) => void
  readonly onLoss?: (record: LossRecord) => void
  readonly onRetry?: () => void
  /** The worker of that pod was told to end by its system: nothing new is given to it. */
  readonly onLeaving?: (pod: string) => void
  /** An attempt at a task came to its end. */
  readonly onTask?: (record: TaskRecord) => void
  /** What user code wrote to its console. */
  readonly onLog?: (log: WorkerLog) => void
  /** User code on that thread asks something of the session; the answer goes out by the place's link. */
  readonly onAsk?: (place: AskingPlace, body: Uint8Array) => void
  /** Called for a worker that was given up because it was silent: what is left of it is to be ended. */
  readonly onSilent?: (pod: string) => void
}

/** A thread whose user code has asked something. */
export interface AskingPlace extends Place {
  readonly worker: Place['worker'] & { readonly link: Pick<Link, 'send'> }
  readonly sent: readonly {
    readonly id: number
    readonly work: unknown
    readonly stage: { readonly spec: { readonly name: string } }
  }[]
}

/** Lines that user code wrote to its console, and the task that its thread was at. */
export interface WorkerLog {
  readonly pod: string
  readonly node: string
  readonly thread: number
  readonly isError: boolean
  readonly text: string
  /** The stage's name and the task's number, where the thread had something to do. */
  readonly task?: string
  readonly id?: number
}

export interface WorkerCounts {
  readonly workers: number
  readonly threads: number
}
