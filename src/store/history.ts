import type { State } from './state.ts'
import type { Commit } from './store.ts'

/** How much of the past a store keeps: whichever bound is reached first. */
export interface HistoryLimits {
  /** Commits kept. Default 10,000. */
  readonly commits: number
  /** How long a commit is kept, in milliseconds. Default five minutes, as long as Kubernetes promises at least. */
  readonly ageMs: number
}

export const DEFAULT_HISTORY: HistoryLimits = { commits: 10_000, ageMs: 5 * 60_000 }

/** A state is kept for one commit in so many; those between are made from it by applying the commits that follow. */
const CHECKPOINT_COMMITS = 64

/**
 * The durable commits of the recent past and the states between them. A state shares almost all its nodes with its
 * neighbours, yet one for each commit would keep some 2 KB apiece, so only every {@link CHECKPOINT_COMMITS}th is kept.
 */
export interface History {
  /** Adds a commit that follows all others, made durable at `nowMs`, and the state that it led to. */
  append(commit: Commit, state: State, nowMs: number): void
  /** Commits after `revision`, oldest first; undefined where some of them were forgotten, or none is that new. */
  after(revision: number): readonly Commit[] | undefined
  /** The state at `revision`, which must be that of a commit; undefined where it was forgotten or never was. */
  at(revision: number): State | undefined
  /** The oldest revision that {@link after} and {@link at} know. */
  oldest(): number
  /** Forgets commits up to and including `revision`: a watch may still start from there. */
  compact(revision: number): void
  /** Forgets what is older than the limits allow; returns when (on the same clock) the oldest left must go. */
  expire(nowMs: number): number | undefined
}

interface Step {
  readonly commit: Commit
  readonly atMs: number
}

export function createHistory(start: State, limits: HistoryLimits = DEFAULT_HISTORY): History {
  return new BoundedHistory(start, limits)
}

class BoundedHistory implements History {
  readonly #limits: HistoryLimits
  /** Live steps are those from `#first` on; the dead ones before it are cut off now and then, not one by one. */
  #steps: (Step | undefined)[] = []
  #first = 0
  /** States by revision, oldest first. The first is always that of `#floor`. */
  #checkpoints: State[]
  /** The newest revision whose commit was forgotten: what happened after it is known. */
  #floor: number
  #newest: number
  #sinceCheckpoint = 0

  constructor(start: State, limits: HistoryLimits) {
    this.#limits = limits
    this.#checkpoints = [start]
    this.#floor = start.revision
    this.#newest = start.revision
  }

  append(commit: Commit, state: State, nowMs: number): void {
    this.#steps.push({ commit, atMs: nowMs })
    this.#newest = commit.revision
    if (++this.#sinceCheckpoint >= CHECKPOINT_COMMITS) {
      this.#checkpoints.push(state)
      this.#sinceCheckpoint = 0
    }
    // Past the bound a whole stride goes at once, so that the floor's state is a checkpoint and nothing is recomputed.
    if (this.#steps.length - this.#first >= this.#limits.commits + CHECKPOINT_COMMITS) this.#forget(this.#excess())
  }

  after(revision: number): readonly Commit[] | undefined {
    if (revision < this.#floor || revision > this.#newest) return undefined
    return this.#steps.slice(this.#indexAfter(revision)).map((step) => step!.commit)
  }

  at(revision: number): State | undefined {
    if (revision < this.#floor || revision > this.#newest) return undefined
    let state = this.#checkpointBefore(revision)
    for (let i = this.#indexAfter(state.revision); i < this.#steps.length; i++) {
      const { commit } = this.#steps[i]!
      if (commit.revision > revision) break
      state = state.apply(commit)
    }
    return state.revision === revision ? state : undefined
  }

  oldest(): number {
    return this.#floor
  }

  compact(revision: number): void {
    this.#forget(this.#indexAfter(revision) - this.#first)
  }

  expire(nowMs: number): number | undefined {
    const horizon = nowMs - this.#limits.ageMs
    let count = 0
    while (this.#first + count < this.#steps.length && this.#steps[this.#first + count]!.atMs <= horizon) count++
    this.#forget(count)
    const oldest = this.#steps[this.#first]
    return oldest === undefined ? undefined : oldest.atMs + this.#limits.ageMs
  }

  #excess(): number {
    return this.#steps.length - this.#first - this.#limits.commits
  }

  #forget(count: number): void {
    if (count <= 0) return
    const revision = this.#steps[this.#first + count - 1]!.commit.revision
    const floor = this.at(revision)!
    this.#checkpoints = [floor, ...this.#checkpoints.filter((state) => state.revision > revision)]
    this.#steps.fill(undefined, this.#first, this.#first + count)
    this.#first += count
    this.#floor = revision
    if (this.#first * 2 > this.#steps.length) this.#cutDead()
  }

  #cutDead(): void {
    this.#steps = this.#steps.slice(this.#first)
    this.#first = 0
  }

  #indexAfter(revision: number): number {
    return firstWhere(this.#first, this.#steps.length, (i) => this.#steps[i]!.commit.revision > revision)
  }

  #checkpointBefore(revision: number): State {
    const next = firstWhere(0, this.#checkpoints.length, (i) => this.#checkpoints[i]!.revision > revision)
    return this.#checkpoints[next - 1]!
  }
}

/** The first index in [low, high) for which `holds` is true, given that it stays true from there on; `high` if none. */
function firstWhere(low: number, high: number, holds: (index: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
