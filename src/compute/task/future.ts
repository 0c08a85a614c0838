/** The result of a call that is still to come. Awaiting it gives the result, or throws what the call failed with. */
export interface Future<T> extends PromiseLike<T> {
  readonly state: FutureState
  catch<R = never>(onFailed: (error: unknown) => R | PromiseLike<R>): Promise<T | R>
  finally(onSettled: () => void): Promise<T>
  /** What it waits for, one sentence each, with numbers. Empty once it is settled. */
  why(): readonly string[]
  /**
   * Gives it up, with all that waits for its result and all that it has submitted itself. A function that runs is told
   * through `taskContext().signal`; its thread is ended where it blocks. Nothing happens where it is settled.
   */
  cancel(reason?: unknown): void
}

/**
 * `waiting` for inputs, `queued` for a thread, `running` (or next on a thread), `pausing` before it is tried again, and how
 * it ended.
 */
export type FutureState = 'waiting' | 'queued' | 'running' | 'pausing' | 'done' | 'failed' | 'cancelled'

/** What arguments of type `A` may be given as: each itself, or a future of it. */
export type Submitted<A extends readonly unknown[]> = { readonly [K in keyof A]: A[K] | Future<A[K]> }

/** How a future ended; partial failure as a value. */
export type Settled<T> =
  { readonly status: 'done'; readonly value: T } | { readonly status: 'failed'; readonly error: unknown }
