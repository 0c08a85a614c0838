import type { TaskRecord } from '../coordinator/task-record.ts'

/** What a run has spent, told at its end. */
export interface RunSummary {
  /** From the opening of the session. */
  readonly ms: number
  /** Processor time of the workers, as their heartbeats told; absent where none was heard. */
  readonly cpuMs?: number
  /** The most at any look. */
  readonly pods: number
  readonly threads: number
  readonly residentBytes: number
  /** Parts of shuffles on the disks of workers. */
  readonly keptBytes: number
  readonly retries: number
  readonly losses: number
  /** Attempts that were begun beside others which took far longer than their like, and came to an end. */
  readonly second: number
  readonly stages: readonly StageSummary[]
  /** The attempts that took longest, longest first. */
  readonly slowest: readonly TaskRecord[]
}

/** All stages of one name together. */
export interface StageSummary {
  readonly name: string
  /** Attempts that came to an end, those that failed, were lost or came too late among them. */
  readonly tasks: number
  readonly failed: number
  readonly lost: number
  /** Done or failed when nobody wanted what they came to any more. */
  readonly late: number
  readonly items: number
  readonly busyMs: number
  readonly longestMs: number
  readonly bytesIn: number
  readonly bytesOut: number
}
