import type { ShippedCode } from '../wire/shipped.ts'
import type { TaskFailure } from '../wire/task-failure.ts'
import type { LossRecord } from './loss.ts'

/** A bundle with a program in it, sent to each worker once. */
export interface ProgramBundle {
  readonly hash: string
  readonly source: string
}

/**
 * Work that the coordinator spreads over the workers: what runs there, where its tasks come from and where their results
 * go. `Work` is whatever the stage needs to encode a task as often as it takes. The coordinator calls `next` when a thread
 * has room, never sooner: a stage that has nothing to give now returns undefined and calls `wake` when it has.
 */
export interface StageSpec<Work> {
  /** Shown in progress and in `why()`: `map fetchPage`. */
  readonly name: string
  /** A program that every worker has, or a bundle. */
  readonly program: 'map' | ProgramBundle
  readonly options: Uint8Array
  readonly code: readonly ShippedCode[]
  /** The thread keeps what its tasks gave: results count once they are collected at the end of the stage. */
  readonly accumulates: boolean
  /** The next piece of work, for one of `threads` threads. */
  next(threads: number): Work | undefined
  /** No more will come from `next`. */
  isExhausted(): boolean
  /** The payload for a worker which sees the driver's files, or, where it does not, everything in full. */
  encode(work: Work, seesFiles: boolean): Uint8Array | Promise<Uint8Array>
  /** Smaller pieces of it, for finding the one that ends its worker; itself alone where it cannot be cut. */
  split(work: Work): readonly Work[]
  /** How many items are in it, for counting. */
  sizeOf(work: Work): number
  /** `item 17`, `lines 1 to 400 of "a.txt"`. */
  describe(work: Work): string
  /** A result, for the first time and only once for each piece of work. Not called where the stage accumulates. */
  commit(work: Work, payload: Uint8Array, micros: number): void
  /** The user's function threw, or its result cannot travel: the error that the stage fails with. */
  fail(work: Work, failure: TaskFailure): Error
  /** What one thread accumulated over all tasks that it did, for the first time and only once. */
  commitPart?(part: Uint8Array): void
  /** Progress: told of tasks and items done. */
  progressed?(): void
}

export interface StageHandle {
  /** Resolves when every task is committed; rejects with what the stage failed with or was cancelled for. */
  readonly finished: Promise<void>
  /** There is more to take from `next`. */
  wake(): void
  /** Rejects `finished` with `reason` at once; what runs is stopped, or its thread ended after a grace period. */
  cancel(reason: unknown): void
}

/** One piece of work on its way. An attempt is what was sent to a thread; only the last one sent may be committed. */
export interface Task {
  readonly id: number
  readonly stage: Stage
  readonly work: unknown
  attempt: number
  readonly losses: readonly LossRecord[]
  /** How many of these it alone can be blamed for: nothing else ran in what was lost. */
  readonly blames: number
  /** Ran beside others when a worker was lost: it runs alone in a worker next, so that it is known whether it ends it. */
  readonly isSuspect: boolean
}

/** A stage as the coordinator keeps it. */
export interface Stage {
  readonly id: number
  readonly spec: StageSpec<unknown>
  /** Lost or handed back; these go before new ones. */
  readonly again: Task[]
  /** Taken from the spec and not committed; with a stage that accumulates, not done. */
  readonly open: Set<Task>
  readonly finish: (error?: unknown) => void
  state: 'running' | 'collecting' | 'ended'
  /** How long tasks take at present; absent until the first is done. */
  taskMicros: number | undefined
}
