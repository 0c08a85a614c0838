import type { Environment } from '../../env/environment.ts'
import type { InvestigateLoss, LossRecord } from './loss.ts'

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
  /** Called for a worker that was given up because it was silent: what is left of it is to be ended. */
  readonly onSilent?: (pod: string) => void
}

export interface WorkerCounts {
  readonly workers: number
  readonly threads: number
}
