import type { Environment } from '../../env/environment.ts'
import type { StageHost } from '../coordination.ts'
import type { Needs } from '../coordinator/stage.ts'
import type { Shipper } from '../ship/ship.ts'
import type { FailedTasks } from '../replay/keep-failed.ts'
import type { StageRunner } from '../stage-runner.ts'
import { asCompleted, settled, wait } from './collect.ts'
import type { Completed, WaitOptions, Waited } from './collect.ts'
import { createActors } from '../actor/actors.ts'
import type { ActorApi } from '../actor/actors.ts'
import { createObjects } from '../objects/objects.ts'
import type { ObjectApi } from '../objects/objects.ts'
import { answerAsks } from './answer-asks.ts'
import { createCalls } from './calls.ts'
import { createHeldMemory } from './held-memory.ts'
import type { Future, Settled, Submitted } from './future.ts'
import type { Task } from './task.ts'

/** Calls on workers, one by one. */
export interface TaskApi {
  /**
   * Calls `fn` with `args` on a worker. Arguments may be futures of other calls: the call runs once all are done, and their
   * results go to it without passing through the program. Never throws: whatever is wrong is what the future fails with.
   *
   * A plain function is captured at each call; for many calls of one function, make it a {@link task} first.
   */
  submit<A extends readonly unknown[], R>(task: Task<A, R>, ...args: Submitted<NoInfer<A>>): Future<R>
  submit<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: Submitted<NoInfer<A>>): Future<Awaited<R>>
  /** Resolves when `count` of the futures (default: all) are settled, or `timeoutMs` has passed; never rejects. */
  wait<T>(futures: Iterable<Future<T>>, options?: WaitOptions): Promise<Waited<T>>
  /** How the futures end, as they do, each with its index. Leaving the loop leaves the others as they are. */
  asCompleted<T>(futures: Iterable<Future<T>>): AsyncIterableIterator<Completed<T>>
  /** How each of the futures ended, in their order. */
  settled<T>(futures: Iterable<Future<T>>): Promise<Settled<T>[]>
  /** The calls of tasks whose option `group` is `name`. */
  group(name: string): TaskGroup
}

/** Calls that were given a common name. */
export interface TaskGroup {
  /** Calls that are not settled. */
  readonly pending: number
  /** Cancels these. */
  cancel(reason?: unknown): void
}

export interface TaskApiParts {
  readonly env: Environment
  readonly coordinator: StageHost
  readonly shipper: Pick<Shipper, 'ship'>
  readonly stages: StageRunner
  /** Where calls that failed for good are kept. */
  readonly failedTasks?: FailedTasks | undefined
}

/** What a session needs to know of its calls beside. */
export interface TaskSession {
  readonly api: TaskApi & ActorApi & ObjectApi
  /** Workers came or went. */
  onWorkers(): void
  /** What actors need that have no place yet. */
  homeless(): readonly Needs[]
  /** The worker of that pod is to leave: what lives there goes elsewhere where it can. */
  leave(pod: string): void
  /** What actors wait for. */
  why(): readonly string[]
  /** What user code on a worker asks. */
  readonly onAsk: ReturnType<typeof answerAsks>
  /** Calls that failed without anybody asking. */
  unobserved(): number
  /** Lets go of what lies outside of memory. */
  close(): void
}

export function createTaskApi(parts: TaskApiParts): TaskSession {
  const held = createHeldMemory()
  const calls = createCalls({ ...parts, held })
  const submit = (target: object, ...args: readonly unknown[]) => calls.submit(target, args) as Future<unknown>
  const api: TaskApi = {
    submit: submit as TaskApi['submit'],
    wait: (futures, options) => wait(parts.env.timers, futures, options),
    asCompleted,
    settled,
    group: (name) => ({
      get pending() {
        return calls.pendingOf(name).length
      },
      cancel(reason) {
        for (const call of calls.pendingOf(name)) call.cancel(reason)
      },
    }),
  }
  const actors = createActors(calls, parts.shipper)
  const objects = createObjects({ memory: held.memory, onReleased: (id) => parts.coordinator.release?.(id) })
  return {
    api: { ...api, ...actors.api, ...objects.api },
    onAsk: answerAsks(calls, actors, objects),
    onWorkers: () => actors.look(),
    homeless: () => actors.homeless(),
    leave: (pod) => actors.leave(pod),
    why: () => actors.why(),
    unobserved: () => calls.unobserved(),
    close() {
      objects.close()
      held.close()
    },
  }
}
