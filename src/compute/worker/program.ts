import type { TaskStatus } from '../wire/messages.ts'
import type { ShippedFunction } from '../wire/shipped.ts'
import type { PartStore } from './part-store.ts'

/**
 * What a stage does with its tasks, on one thread of a worker. `map` is built in; dataset pipelines travel to the worker
 * as bundles whose `createProgram` has this shape, so that a new operator needs no new worker.
 */
export interface StageProgram {
  /** Does one task. User errors are part of the outcome; what this throws or rejects with is reported as one. */
  run(payload: Uint8Array): Outcome | Promise<Outcome>
  /** What the tasks that ran on this thread have accumulated; called once, after the last of them. */
  collect?(): Uint8Array
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
