import type { OnComputeEvent } from './events.ts'

/** Reports of one stage: many steps of one turn are told as one. */
export interface StageProgress {
  step(done: number, total: number | undefined, bytes?: number, totalBytes?: number): void
}

/** Numbers stages and tells the listener of what becomes of them. */
export function createProgress(onEvent: OnComputeEvent, onDone: (done: number) => void) {
  let stages = 0
  /** Runs `work` as a stage of the listener's. */
  return async <R>(
    name: string,
    unit: 'items' | 'blocks',
    work: (progress: StageProgress) => Promise<R>,
  ): Promise<R> => {
    const stage = ++stages
    let latest: { done: number; total?: number; bytes?: number; totalBytes?: number } | undefined
    let told = 0
    const tell = () => {
      if (latest === undefined) return
      onDone(latest.done - told)
      told = latest.done
      onEvent({ type: 'progress', stage, name, unit, ...latest })
      latest = undefined
    }
    onEvent({ type: 'stage-started', stage, name })
    try {
      const result = await work({
        step(done, total, bytes, totalBytes) {
          if (latest === undefined) queueMicrotask(tell)
          latest = {
            done,
            ...(total === undefined ? {} : { total }),
            ...(bytes === undefined ? {} : { bytes }),
            ...(totalBytes === undefined ? {} : { totalBytes }),
          }
        },
      })
      tell()
      onEvent({ type: 'stage-ended', stage, name })
      return result
    } catch (error) {
      onEvent({ type: 'stage-ended', stage, name, error })
      throw error
    }
  }
}

export type RunStage = ReturnType<typeof createProgress>
