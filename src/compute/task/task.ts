import type { Needs } from '../coordinator/stage.ts'
import { markHostValue } from '../ship/host-values.ts'

/** How calls of a task are run. All durations are milliseconds. */
export interface TaskOptions<A extends readonly unknown[] = readonly never[]> {
  /** Shown in progress, `why()` and errors. Default: the function's name. */
  readonly name?: string
  /** Under which calls are counted and cancelled together: `shoal.group(name)`. */
  readonly group?: string
  /** What each call holds while it runs: `cpu`, `memory` (bytes), `gpu`, or what workers were given. Default: one thread. */
  readonly needs?: Needs
  /** Calls of a higher one run first. Default 0. */
  readonly priority?: number
  /** How often a call is tried again that failed. Default 0. Lost workers are not counted: see `docs/library.md`. */
  readonly retries?: number
  /** Whether to try again after this error. Default: always. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean
  /** The pause before the first retry, doubled for each further one up to 30 s. Default 100. */
  readonly backoffMs?: number
  /** How long one attempt may run. */
  readonly timeoutMs?: number
  /** How long the call may take in all, from its submission, waiting included. */
  readonly deadlineMs?: number
  /** A call with the same key as an earlier one, that has not failed, is that earlier one. Default: every call is its own. */
  readonly key?: string | ((...args: A) => string)
  /** A straggling call may be run a second time elsewhere, and the first result counts. Default true. */
  readonly twice?: boolean
}

declare const CALL: unique symbol

/** A function that is submitted many times, with how its calls are run. Tasks travel: functions on workers submit them too. */
export interface Task<A extends readonly unknown[], R> {
  readonly [CALL]?: (...args: A) => R
  readonly name: string
  /** The same function with some options changed. */
  with(options: TaskOptions<A>): Task<A, R>
}

/** What a handle stands for. */
export interface TaskDefinition {
  readonly handle: object
  /** Names it on workers: the same in all sessions of this process. */
  readonly id: string
  readonly fn: (...args: never[]) => unknown
  readonly options: TaskOptions<never>
}

const definitions = new WeakMap<object, TaskDefinition>()
let count = 0

/**
 * Names `fn` as a task. What it captures is read when it is first submitted in a session, once for all its calls.
 *
 *     const resize = task(async (path: string, width: number) => …, { retries: 3, timeoutMs: 60_000 })
 *     const small = shoal.submit(resize, 'a.jpg', 100)
 */
export function task<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: TaskOptions<A> = {},
): Task<A, Awaited<R>> {
  return define<A, Awaited<R>>(fn as TaskDefinition['fn'], options)
}

function define<A extends readonly unknown[], R>(fn: TaskDefinition['fn'], options: TaskOptions<A>): Task<A, R> {
  const handle: Task<A, R> = {
    name: options.name ?? fn.name,
    with: (changed) => define(fn, { ...options, ...changed }),
  }
  const definition: TaskDefinition = { handle, id: `task-${++count}`, fn, options }
  definitions.set(handle, definition)
  const onCaptured = () => void captured.set(definition.id, definition)
  return Object.freeze(markHostValue(handle, { name: 'task', id: definition.id, onCaptured }))
}

/** Tasks that functions took along to workers, which may submit them from now on. */
const captured = new Map<string, TaskDefinition>()

export const capturedTask = (id: string): TaskDefinition | undefined => captured.get(id)

/** The function of a task, or itself. */
export const functionOf = (target: object): TaskDefinition['fn'] =>
  definitions.get(target)?.fn ?? (target as TaskDefinition['fn'])

export const taskOf = (definition: TaskDefinition): object => definition.handle

export const definitionOf = (handle: object): TaskDefinition | undefined => definitions.get(handle)
