import { createHash } from 'node:crypto'
import { join } from 'node:path'
import v8 from 'node:v8'
import type { Environment } from '../../env/environment.ts'
import type { ArrayJob } from '../array-job/array-job.ts'
import type { ArrayJobOptions } from '../array-job/array-job-options.ts'
import type { Shipper } from '../ship/ship.ts'
import { task } from '../task/task.ts'
import type { TaskApi } from '../task/task-api.ts'
import type { StepOptions } from './step.ts'

/** What a pipeline does its work with. */
export interface PipelineHost {
  readonly env: Environment
  /** Where the artifacts of a pipeline are kept. */
  directory(pipeline: string): string
  /** Changes whenever the function's code, or what it captures, changes. */
  idOf(fn: (input: never) => unknown): Promise<string>
  hashOf(value: unknown): string
  /** The function as a call on a worker, under the step's name. */
  callable(
    fn: (input: never) => unknown,
    options: StepOptions<unknown>,
    name: string,
  ): (input: unknown) => Promise<unknown>
  startArrayJob(options: ArrayJobOptions): Promise<ArrayJob>
}

export interface PipelineParts {
  readonly env: Environment
  readonly shipper: Pick<Shipper, 'ship'>
  readonly tasks: Pick<TaskApi, 'submit'>
  readonly startArrayJob: (options: ArrayJobOptions) => Promise<ArrayJob>
  /** In which each pipeline has a folder of its own. */
  readonly directory: string
}

export function createPipelineHost({ env, shipper, tasks, startArrayJob, directory }: PipelineParts): PipelineHost {
  return {
    env,
    directory: (pipeline) => join(directory, encodeURIComponent(pipeline)),
    idOf: async (fn) => (await shipper.ship(fn)).shipped.id,
    hashOf: (value) => createHash('sha256').update(v8.serialize(value)).digest('hex'),
    callable(fn, { when: _when, version: _version, cache: _cache, ...options }, name) {
      const handle = task(fn as (input: unknown) => unknown, { ...options, name })
      return async (input) => await tasks.submit(handle, input)
    },
    startArrayJob,
  }
}
