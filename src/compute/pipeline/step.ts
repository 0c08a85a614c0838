import type { ArrayJobOptions } from '../array-job/array-job-options.ts'
import type { IndexResult } from '../array-job/index-result.ts'
import type { TaskOptions } from '../task/task.ts'

declare const VALUE: unique symbol

/** A step of a pipeline: what makes one value. Steps after it name it as their input. */
export interface Step<T> {
  readonly name: string
  readonly [VALUE]?: T
}

/** What a step's function is given: the value of its input, or the tuple of their values. */
export type InputOf<I> =
  I extends Step<infer T> ? T : { -readonly [K in keyof I]: I[K] extends Step<infer T> ? T : never }

export type Inputs = Step<unknown> | readonly Step<unknown>[]

/** How a step is run. */
export interface StepOptions<I> extends Pick<
  TaskOptions,
  'needs' | 'priority' | 'retries' | 'backoffMs' | 'timeoutMs'
> {
  /** Asked, in the program, once the inputs are there. A step of which this is false is skipped, and so is all that needs it. */
  readonly when?: (input: I) => boolean
  /** Part of what the step is known by: another version makes it run again, though nothing else has changed. */
  readonly version?: string
  /** False: it runs each time. Default true. */
  readonly cache?: boolean
}

/** What a container step runs; its inputs are the items of the step before it. */
export type ContainerStepOptions<I> = Omit<ArrayJobOptions, 'name' | 'inputs' | 'count' | 'signal'> &
  Pick<StepOptions<I>, 'when' | 'version' | 'cache'>

/** What an index of a container step made, for the steps after it. */
export type ContainerOutput = Pick<IndexResult, 'index' | 'log' | 'files'>

/** How a step ended in this run. */
export interface StepReport {
  readonly name: string
  /** `cached`: it was made before of the same. `skipped`: its condition, or that of a step before it, was false. */
  readonly outcome: 'ran' | 'cached' | 'skipped' | 'failed'
  readonly durationMs: number
  /** Of a step over items: how many of them were made before. */
  readonly cachedItems?: number
}
