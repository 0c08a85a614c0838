import type { Push } from './push.ts'

/** The end of a pipeline on a thread: takes records, and gives what came of them by task, or once for all tasks. */
export interface SinkState {
  readonly add: Push
  /** Before the first record of a task; with what the task was given for its sink. */
  begin?(given: unknown): void | Promise<void>
  /** What the records since `begin` came to: the result of one task. */
  take?(): unknown[] | Promise<unknown[]>
  /** What all records came to: the thread's part of the stage. Starts anew. */
  collect?(): Uint8Array
  /** No more records are wanted of this task. */
  isFull?(): boolean
  /** The task failed: what it left is of no use. */
  discard?(): void
}
