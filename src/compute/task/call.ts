import { Unpacker } from '../wire/pack.ts'
import type { Future, FutureState } from './future.ts'
import type { ItemStream } from './item-stream.ts'

/** What a call asks of whoever made it. */
export interface CallOwner {
  why(call: Call): readonly string[]
  /** The result was decoded: what it was decoded from is of no more use to the call. */
  decoded(call: Call): void
  cancel(call: Call, reason: unknown): void
}

/** Packed values: `start` to `end` of `bytes`. */
export interface Packed {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/**
 * One call of a task. It goes from `waiting` (for futures among its arguments) to `queued`, to `running`, back to `queued`
 * or by `pausing` when it is to be tried again, and settles once. It is its own future: the promise is made when somebody
 * first asks, and the result decoded then.
 */
export class Call implements Future<unknown> {
  state: FutureState = 'queued'
  readonly owner: CallOwner
  /** Its arguments, packed, until it is settled; then its result. Undefined while arguments are missing, or without any. */
  packed: Packed | undefined
  /** As they were given, futures among them, while some are missing. */
  args: readonly unknown[] | undefined
  missing = 0
  dependants: Call[] | undefined
  /** What it submitted while it ran: cancelled with it. */
  children: Set<Call> | undefined
  parent: Call | undefined
  attempts = 0
  /** Why the last attempt failed. */
  lastError: unknown
  /** Ends what waits for it: a pause, a deadline. */
  timers: { cancel(): void }[] | undefined
  /** With what it is at a thread. */
  batch: { readonly calls: readonly Call[] } | undefined
  key: string | undefined
  /** Names in shared memory that it keeps there: of its arguments, then of its result. */
  shared: readonly string[] | undefined
  /** What the owner needs to know of the call beside. */
  fate: object | undefined
  /** Where the values go that it yields. */
  stream: ItemStream<unknown> | undefined
  error: unknown
  /** Somebody has asked for what became of it. */
  isObserved = false
  #value: unknown
  #hasValue = false
  #promise: Promise<unknown> | undefined
  #resolve: ((value: unknown) => void) | undefined
  #reject: ((error: unknown) => void) | undefined

  constructor(owner: CallOwner) {
    this.owner = owner
  }

  get isSettled(): boolean {
    return this.state === 'done' || this.state === 'failed' || this.state === 'cancelled'
  }

  /** Takes the result in. */
  succeed(result: Packed): void {
    this.state = 'done'
    this.packed = result
    this.#release()
    this.stream?.end({})
    if (this.#resolve !== undefined) this.#settleWithValue(this.#resolve, this.#reject)
  }

  fail(error: unknown, state: 'failed' | 'cancelled' = 'failed'): void {
    this.state = state
    this.error = error
    this.packed = undefined
    this.#release()
    this.stream?.end({ error })
    this.#reject?.(error)
  }

  // It is its own future, to be awaited.
  // oxlint-disable-next-line unicorn/no-thenable
  then<R = unknown, E = never>(
    onDone?: ((value: unknown) => R | PromiseLike<R>) | null,
    onFailed?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this.#asPromise().then(onDone, onFailed)
  }

  catch<R = never>(onFailed: (error: unknown) => R | PromiseLike<R>): Promise<unknown> {
    return this.#asPromise().catch(onFailed)
  }

  finally(onSettled: () => void): Promise<unknown> {
    return this.#asPromise().finally(onSettled)
  }

  why(): readonly string[] {
    return this.isSettled ? [] : this.owner.why(this)
  }

  cancel(reason?: unknown): void {
    if (!this.isSettled) this.owner.cancel(this, reason)
  }

  #settleWithValue(resolve: (value: unknown) => void, reject: ((error: unknown) => void) | undefined): void {
    let value: unknown
    try {
      value = this.value()
    } catch (error) {
      return reject?.(error)
    }
    resolve(value)
  }

  #asPromise(): Promise<unknown> {
    this.isObserved = true
    return (this.#promise ??= new Promise((resolve, reject) => {
      if (this.state === 'done') this.#settleWithValue(resolve, reject)
      else if (this.isSettled) reject(this.error)
      else {
        this.#resolve = resolve
        this.#reject = reject
      }
    }))
  }

  /** The result of a call that is done. */
  value(): unknown {
    if (!this.#hasValue && this.packed !== undefined) {
      this.#value = new Unpacker(this.packed.bytes, this.packed.start).value()
      this.#hasValue = true
      if (this.shared !== undefined) this.owner.decoded(this)
    }
    return this.#value
  }

  /** What only a call needs that is not settled. */
  #release(): void {
    this.args = this.batch = undefined
    this.children = this.parent = undefined
    if (this.timers === undefined) return
    for (const timer of this.timers) timer.cancel()
    this.timers = undefined
  }
}
