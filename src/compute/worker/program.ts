import type { TaskStatus } from '../wire/messages.ts'
import type { ShippedFunction } from '../wire/shipped.ts'
import type { PartStore } from './part-store.ts'

/**
 * What a stage does with its tasks, on one thread of a worker. `map` is built in; dataset pipelines travel to the worker
 * as bundles whose `createProgram` has this shape, so that a new operator needs no new worker.
 */
export interface StageProgram {
  /** Does one task. User errors are part of the outcome; what this throws or rejects with is reported as one. */
  run(payload: Uint8Array, attempt: Attempt): Outcome | Promise<Outcome>
  /** Tasks may begin while others have not ended: the program sees to their order itself. Default false. */
  readonly isConcurrent?: boolean
  /** The stage is over: what the program holds beside memory is to be let go. */
  close?(): void
  /** What the tasks that ran on this thread have accumulated; called once, after the last of them. */
  collect?(): Uint8Array
}

/** One attempt at a task, as its program sees it. */
export interface Attempt {
  /** The coordinator's number for the task. */
  readonly task: number
  /** Sends part of the result ahead, as a result of status `partial`. */
  emit(payload: Uint8Array): void
  /** Says which piece of the task runs, for whoever asks what ended the thread. */
  mark(piece: number): void
  /** Whether that piece is no longer wanted; -1: the whole task. Costs next to nothing. */
  isStopped(piece: number): boolean
  /** What `result` gives, or {@link stopped} where the piece is told to stop before. */
  unlessStopped(piece: number, result: PromiseLike<unknown>): Promise<unknown>
  readonly stopped: symbol
  /** Takes one of the values that the piece may still send; waits while there is none. {@link stopped} where it is told to stop. */
  credit(piece: number): Promise<unknown> | undefined
  /** Aborted when the piece is told to stop. */
  signal(piece: number): AbortSignal
  /** The task waits for what it asked of the session, or no longer: the thread may do other things meanwhile. */
  waits(isWaiting: boolean): void
}

export interface Outcome {
  readonly status: TaskStatus
  readonly payload: Uint8Array
}

/** What a program may ask of the thread it runs on. */
export interface ProgramHost {
  revive(shipped: ShippedFunction): (...args: never[]) => unknown
  /** Whether the stage was cancelled: asked between items, costs next to nothing. */
  readonly isCancelled: () => boolean
  /** Where the program leaves what other workers will ask for. */
  readonly parts: PartStore
}

export type CreateProgram = (options: Uint8Array, host: ProgramHost) => StageProgram
