import type { Environment } from '../env/environment.ts'
import type { Timer } from '../env/clock.ts'
import { createHistory, DEFAULT_HISTORY } from './history.ts'
import type { History, HistoryLimits } from './history.ts'
import { createSiblings } from './siblings.ts'
import { stage } from './stage.ts'
import type { State } from './state.ts'
import { StoreError } from './store.ts'
import type { Commit, Mutation, Snapshot, Store } from './store.ts'

/** Where commits go to become durable. The core has one `write` in flight at a time. */
export interface Journal {
  /** Makes `commits`, which lead to `state`, durable together, or rejects with a StoreError and leaves none of them behind. */
  write(commits: readonly Commit[], state: Snapshot): Promise<void>
  close(): Promise<void>
}

export interface StoreOptions {
  /** What of the past is kept for watches and consistent lists. */
  readonly history?: Partial<HistoryLimits>
}

export type StoreEnvironment = Pick<Environment, 'clock' | 'timers' | 'log'>

/** A commit that is on the head and not durable yet. */
interface Pending {
  readonly commit: Commit
  readonly state: State
  readonly resolve: (commit: Commit) => void
  readonly reject: (error: unknown) => void
}

/** Commits that may wait for a flush; one more is refused. A flush that takes a second leaves room for ten thousand. */
const MAX_PENDING = 10_000

/** The store that both implementations share; a `journal` makes it durable, without one all is durable at once. */
export function createCore(
  start: State,
  environment: StoreEnvironment,
  options: StoreOptions = {},
  journal?: Journal,
): Store {
  return new Core(start, environment, { ...DEFAULT_HISTORY, ...options.history }, journal)
}

/**
 * States: *open* from construction; *closing* from `close` until the pending tail is settled; *closed* after that. While
 * open, at most one flush runs; commits made meanwhile wait in `#pending` and go together in the next one.
 */
class Core implements Store {
  readonly #environment: StoreEnvironment
  readonly #journal: Journal | undefined
  readonly #history: History
  readonly #siblings = createSiblings()
  readonly #listeners = new Set<(commits: readonly Commit[]) => void>()
  #head: State
  #durable: State
  /** The last revision given out, whether or not its commit survived: revisions are never used again. */
  #revision: number
  #pending: Pending[] = []
  #flushing = false
  #closing: Promise<void> | undefined
  #idle: (() => void) | undefined
  #expiry: Timer | undefined

  constructor(start: State, environment: StoreEnvironment, limits: HistoryLimits, journal: Journal | undefined) {
    this.#environment = environment
    this.#journal = journal
    this.#history = createHistory(start, limits)
    this.#head = start
    this.#durable = start
    this.#revision = start.revision
  }

  head(): Snapshot {
    return this.#head
  }

  durable(): Snapshot {
    return this.#durable
  }

  commit(mutations: readonly Mutation[]): Promise<Commit> {
    if (this.#closing !== undefined) return Promise.reject(closedError())
    if (this.#pending.length >= MAX_PENDING) return Promise.reject(busyError())
    const commit = stage(this.#head, mutations, this.#revision + 1, this.#siblings)
    this.#revision = commit.revision
    const state = this.#head.apply(commit)
    this.#head = state
    return new Promise((resolve, reject) => {
      this.#pending.push({ commit, state, resolve, reject })
      this.#wake()
    })
  }

  onDurable(listener: (commits: readonly Commit[]) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  history(revision: number): readonly Commit[] | undefined {
    return this.#history.after(revision)
  }

  oldest(): number {
    return this.#history.oldest()
  }

  at(revision: number): Snapshot | undefined {
    return revision === this.#durable.revision ? this.#durable : this.#history.at(revision)
  }

  compact(revision: number): void {
    this.#history.compact(revision)
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish()
    return this.#closing
  }

  async #finish(): Promise<void> {
    if (this.#flushing) await new Promise<void>((resolve) => (this.#idle = resolve))
    this.#expiry?.cancel()
    this.#listeners.clear()
    await this.#journal?.close()
  }

  /** Commits of one turn are made durable together, in a microtask after it. */
  #wake(): void {
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => void this.#flushAll())
  }

  async #flushAll(): Promise<void> {
    while (this.#pending.length > 0) {
      // Whoever else commits in this turn of the event loop shares the flush.
      if (this.#journal !== undefined) await new Promise<void>((resolve) => this.#environment.timers.soon(resolve))
      const batch = this.#pending
      if (this.#journal !== undefined) {
        const count = batch.length
        const commits = batch.map((pending) => pending.commit)
        const failure = await this.#journal.write(commits, batch.at(-1)!.state).then(
          () => undefined,
          (error: unknown) => ({ error }),
        )
        if (failure === undefined) this.#settle(this.#pending.splice(0, count))
        else this.#discard(failure.error)
      } else {
        this.#pending = []
        this.#settle(batch)
      }
    }
    this.#flushing = false
    this.#idle?.()
  }

  /** Readers and watchers learn of a commit before its caller does. */
  #settle(batch: readonly Pending[]): void {
    const now = this.#environment.clock.monotonicMs()
    for (const { commit, state } of batch) this.#history.append(commit, state, now)
    this.#durable = batch.at(-1)!.state
    this.#tell(batch.map((pending) => pending.commit))
    for (const { commit, resolve } of batch) resolve(commit)
    this.#expiry ??= this.#expireLater(this.#history.expire(now), now)
  }

  /** What was checked against a head that is gone must not survive it, so all that is pending goes, not only the batch. */
  #discard(error: unknown): void {
    const lost = this.#pending
    this.#pending = []
    this.#head = this.#durable
    for (const { reject } of lost) reject(error)
  }

  #tell(commits: readonly Commit[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(commits)
      } catch (error) {
        this.#environment.log.error('A listener of the store failed', { error })
      }
    }
  }

  #expireLater(dueMs: number | undefined, nowMs: number): Timer | undefined {
    if (dueMs === undefined || this.#closing !== undefined) return undefined
    const expire = () => {
      const now = this.#environment.clock.monotonicMs()
      this.#expiry = this.#expireLater(this.#history.expire(now), now)
    }
    // Not more often than once a second: each time takes a whole second's worth of commits.
    return this.#environment.timers.after(Math.max(1000, dueMs - nowMs), expire, { background: true })
  }
}

function closedError(): StoreError {
  return new StoreError('closed', 'Cannot commit: the store is closed, expected open', 'Start the cluster again')
}

function busyError(): StoreError {
  const message = `Cannot commit: ${MAX_PENDING} commits wait for the disk, expected fewer`
  return new StoreError(
    'busy',
    message,
    'Try again in a moment; look at what keeps the disk of the data directory busy',
  )
}
