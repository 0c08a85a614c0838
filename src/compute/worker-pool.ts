import type { LossRecord } from './coordinator/loss.ts'
import type { ElasticPool } from './elastic/elastic-pool.ts'

/** Whoever starts workers and replaces those that are lost: pods of a Job, or processes where a test needs no cluster. */
export interface WorkerPool {
  /** Workers of this pool that are wanted now: always the same number, unless the pool is elastic. */
  readonly wanted: number
  /** Where the number of workers can change. */
  readonly elastic?: ElasticPool
  /** Starts the workers; they dial `address` and prove that they hold `token`. Rejects where they cannot be asked for. */
  start(address: string, token: string): Promise<void>
  /** Adds what is known of the end of a worker. */
  investigate(record: LossRecord): Promise<LossRecord>
  /** Ends a worker that no longer answers, so that it is replaced. */
  discard(pod: string): Promise<void>
  /** Why workers that are wanted do not run, one sentence each. */
  reasons(): Promise<readonly string[]>
  /** Ends all workers. */
  close(): Promise<void>
}
