import type { WorkerFacts } from '../wire/messages.ts'
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
  readonly program: 'map' | 'call' | 'actor' | ProgramBundle
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
  /** Its results are values that outlive its workers, so that the journal of a run can stand for them. Default true. */
  readonly isReplayable?: boolean
  /** Progress: told of tasks and items done. */
  progressed?(): void
  /** Stages of a higher one get free threads first; among equals the oldest does. Default 0. */
  readonly priority?: number
  /** What each task holds while it runs. Tasks without needs hold one `cpu`, as many as a worker has threads. */
  readonly needs?: Needs
  /** The only thread that may run its tasks, in order; undefined while there is none. A stage without this runs anywhere. */
  home?(): Place | undefined
  /** Its tasks may be sent to a thread that has so many already. Default 2 where they are short, else 1. */
  readonly ahead?: number
  /** What is done of `work` so far: `payload` of a partial result. Where absent such results are an error. */
  partial?(work: Work, payload: Uint8Array, place: Place): void
  /** What partial results have left of it, in one piece or none. Where absent: all of it. */
  rest?(work: Work): readonly Work[]
  /**
   * Where present, `work` alone fails (a lost-worker error, one of encoding), and the stage goes on. Where absent the whole
   * stage fails with the error.
   */
  failed?(work: Work, error: Error): void
  /** `work` has cost so many workers that it is given up with `error`, whatever becomes of the stage. */
  poisoned?(work: Work, error: Error): void
  /** `work` is what its thread does next. */
  started?(work: Work, place: Place): void
  /** A second attempt may run beside a straggling first one: whichever is done first counts. Default true. */
  readonly twice?: boolean
  /** How many pieces `next` has to give, where that is known. */
  waiting?(): number | undefined
  /**
   * Where present, it is told of work that was with a lost thread, and decides itself what becomes of it; nothing is run
   * again. `hasRun` says that the thread had begun with it. Undefined for the loss of a home that had nothing to do.
   */
  lost?(work: Work | undefined, record: LossRecord, hasRun: boolean): void
}

/** A thread of a worker. */
export interface Place {
  readonly thread: number
  readonly worker: { readonly facts: WorkerFacts }
}

/** Amounts by name: `cpu`, `memory` (bytes), `gpu`, or any that workers were given. */
export type Needs = Readonly<Record<string, number>>

export interface StageHandle {
  /** Resolves when every task is committed; rejects with what the stage failed with or was cancelled for. */
  readonly finished: Promise<void>
  /** There is more to take from `next`. */
  wake(): void
  /** Rejects `finished` with `reason` at once; what runs is stopped, or its thread ended after a grace period. */
  cancel(reason: unknown): void
  /**
   * What `work` gives is no longer wanted: nothing of it is committed. What runs of it is told to stop, and its thread ended
   * where it does not after the grace period. With `piece`, that part of it alone: should its thread have to be ended, the
   * others run again elsewhere. Answers whether it was with a worker. Absent where the coordinator is out of reach of that.
   */
  revoke?(work: unknown, piece?: number): boolean
  /** That piece of `work` may send so many more of the values that it yields. Absent like `revoke`. */
  more?(work: unknown, piece: number, count: number): void
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
  /** The other attempt at the same work, where it runs twice. */
  twin: Task | undefined
  /** It was begun beside the other one, which took far longer than its like. */
  isSecond: boolean
  /** The size of what was sent. */
  bytesIn: number
  /** When it became what its thread does, on the monotonic clock; 0 before. */
  startedMs: number
  /** It waits for what it asked of the session. */
  waits: boolean
  /** Nobody wants its result any more; its thread is still at it. */
  revoked: boolean
}

/** A stage as the coordinator keeps it. */
export interface Stage {
  readonly id: number
  readonly spec: StageSpec<unknown>
  /** It may have something to take: looked at by the dispatcher. */
  isAwake: boolean
  /** Lost or handed back; these go before new ones. */
  readonly again: Task[]
  /** Taken from the spec and not committed; with a stage that accumulates, not done. */
  readonly open: Set<Task>
  readonly finish: (error?: unknown) => void
  state: 'running' | 'collecting' | 'ended'
  /** How long tasks take at present; absent until the first is done. */
  taskMicros: number | undefined
}
