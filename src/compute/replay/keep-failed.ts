import type { Environment } from '../../env/environment.ts'
import type { StageHost } from '../coordination.ts'
import type { StageHandle, StageSpec } from '../coordinator/stage.ts'
import type { FailedTask } from './failed-task.ts'
import { writeFailedTask } from './failed-task.ts'

/** Keeps tasks that failed for good, so that they can be run again where their author looks at them. */
export interface FailedTasks {
  keep<Work>(spec: StageSpec<Work>, work: Work, error: Error): void
}

export interface KeepOptions {
  readonly env: Environment
  readonly run: string
  readonly directory: string
  /** Hears of each task that was kept. */
  readonly onKept: (task: Pick<FailedTask, 'id' | 'name' | 'what' | 'error'>) => void
}

/** The first of a run say enough. */
const MOST_OF_A_RUN = 10
const MAX_BYTES = 256 * 1024 * 1024

export function createFailedTasks({ env, run, directory, onKept }: KeepOptions): FailedTasks {
  let count = 0
  const write = async (spec: StageSpec<unknown>, work: unknown, error: Error, id: string) => {
    const payload = await spec.encode(work, false)
    if (payload.byteLength > MAX_BYTES) return
    const { name, program, options, code } = spec
    const what = spec.describe(work)
    const said = `${error.name}: ${error.message}`
    const task: FailedTask = {
      format: 1,
      id,
      name,
      what,
      error: said,
      program,
      options,
      code,
      payload,
      nodeVersion: process.version,
      atMs: env.clock.now(),
    }
    writeFailedTask(directory, task)
    onKept(task)
  }
  return {
    keep(spec, work, error) {
      if (count >= MOST_OF_A_RUN) return
      const id = `${run}-${++count}`
      // What cannot be kept is not worth more than the error that it would help to understand.
      write(spec as StageSpec<unknown>, work, error, id).catch((cause: unknown) => {
        env.log.warn('Cannot keep a failed task', { id, error: cause })
      })
    },
  }
}

/** A coordinator that keeps what fails on it: items by themselves, whatever else was sent with them. */
export function keepingFailed(host: StageHost, tasks: FailedTasks): StageHost {
  return {
    ...host,
    open<Work>(spec: StageSpec<Work>): StageHandle {
      const kept: StageSpec<Work> = {
        ...spec,
        fail(work, failure) {
          const error = spec.fail(work, failure)
          tasks.keep(spec, spec.split(work)[failure.index] ?? work, error)
          return error
        },
        poisoned(work, error) {
          tasks.keep(spec, work, error)
          spec.poisoned?.(work, error)
        },
      }
      return host.open(kept)
    },
  }
}
