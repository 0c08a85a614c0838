import type { Needs } from '../coordinator/stage.ts'
import type { Future, Submitted } from '../task/future.ts'

/** How an actor lives. */
export interface ActorOptions<A extends readonly unknown[] = readonly unknown[]> {
  /** What its constructor is given. Default: nothing. */
  readonly args?: A
  /** Under which others find it: `shoal.findActor(name)`, also from tasks. Unique while it lives. */
  readonly name?: string
  /** What it holds of its worker for as long as it lives. Default: nothing; it has a thread that few others use. */
  readonly needs?: Needs
  /** How many calls may be under way at a time; they begin in the order in which they were made. Default 1. */
  readonly concurrency?: number
  /**
   * How often it is made again when its thread or worker is lost. Its class may have `saveState()`, whose result goes to the
   * driver with the results of calls, and `restoreState(state)`, which the next one is given it by. Default 0.
   */
  readonly restarts?: number
  /**
   * Whether calls that were with the lost one are made again: they may then run twice. Otherwise they fail with
   * `SHOAL_ACTOR_LOST`. Calls that were not sent yet go to the next one either way. Default false.
   */
  readonly repeatCalls?: boolean
}

type Item<R> = R extends AsyncGenerator<infer T> | Generator<infer T> ? T : never

/** What a method is to whoever calls it from elsewhere: a stream where it is a generator, else a future. */
type Method<M> = M extends (...args: infer A) => infer R
  ? [Item<R>] extends [never]
    ? (...args: Submitted<A>) => Future<Awaited<R>>
    : (...args: Submitted<A>) => AsyncIterableIterator<Item<R>>
  : never

type Hidden = 'saveState' | 'restoreState' | 'constructor'

/**
 * An object on a worker. Its methods are called in the order of the calls of one caller; each gives a future, and those that
 * are generators a stream, read no faster than it is taken.
 */
export type Actor<T> = {
  readonly [
    K in keyof T as T[K] extends (...args: never[]) => unknown ? (K extends Hidden | symbol ? never : K) : never
  ]: Method<T[K]>
}

/** Of an actor as a whole. */
export interface ActorControl {
  readonly state: ActorState
  /** Where it lives: pod and thread. */
  readonly place: string | undefined
  readonly restarts: number
  why(): readonly string[]
  /** Ends it after the calls that were made; resolves when it has ended. */
  stop(): Promise<void>
  /** Ends it now: calls that are not done fail. */
  kill(reason?: Error): void
}

/** `homeless` while no worker has room, `living`, `lost` for good, `stopping` and `stopped` by its owner. */
export type ActorState = 'homeless' | 'living' | 'lost' | 'stopping' | 'stopped'
