import { join } from 'node:path'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import type { ArrayJob } from './array-job/array-job.ts'
import type { ArrayJobOptions } from './array-job/array-job-options.ts'
import { ComputeError } from './errors.ts'
import { createPipeline } from './pipeline/pipeline.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import { createPipelineHost } from './pipeline/pipeline-host.ts'
import type { Shipper } from './ship/ship.ts'
import type { TaskApi } from './task/task-api.ts'

/** Work in containers of any image, alone and as steps beside functions. */
export interface JobApi {
  /**
   * Runs a command of any image once for each input, or `count` times, as an Indexed Job. Resolves when it has been started; its
   * results are asked for on what it resolves to. It outlives the session, unless it is disposed of.
   */
  arrayJob(options: ArrayJobOptions): Promise<ArrayJob>
  /** A graph of functions and containers whose results are kept between runs. */
  pipeline(name: string, options?: PipelineOptions): Pipeline
}

export interface PipelineOptions {
  /** Where results are kept. Default: `pipelines` in the cache directory, `~/.cache/shoal`. */
  readonly directory?: string
}

export interface JobParts {
  readonly client: Client
  readonly env: Environment
  readonly namespace: string
  readonly image: string
  readonly cacheDirectory: string
}

/** What the engine adds once it stands. */
export interface JobEngine {
  readonly tasks: Pick<TaskApi, 'submit'>
  readonly shipper: Pick<Shipper, 'ship'>
}

export function createJobs(parts: JobParts, { tasks, shipper }: JobEngine): JobApi {
  const { env, cacheDirectory, image } = parts
  const arrayJob = async (options: ArrayJobOptions) => {
    const { startArrayJob } = await import('./array-job/array-job.ts')
    return await startArrayJob({ ...parts, collectorImage: image }, options)
  }
  return {
    arrayJob,
    pipeline(name, { directory = join(cacheDirectory, 'pipelines') } = {}) {
      return createPipeline(createPipelineHost({ env, shipper, tasks, startArrayJob: arrayJob, directory }), name)
    },
  }
}

/** Of a session whose workers are no pods: there is nobody to run containers. */
export const NO_JOBS: JobApi = {
  arrayJob: () => Promise.reject(noCluster()),
  pipeline: () => {
    throw noCluster()
  },
}

function noCluster(): ComputeError {
  const message = 'Cannot start a job: the workers of this session are processes, expected the pods of a cluster'
  return new ComputeError('SHOAL_ARRAY_JOB', message, { hint: 'open the session with connect()' })
}
