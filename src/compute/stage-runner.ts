import type { WorkerWatchdog } from './await-workers.ts'
import type { RunStage, StageProgress } from './progress.ts'

/** Runs the stages of a session: each is reported, and waits for workers no longer than the watchdog lets it. */
export interface StageRunner {
  run<R>(stage: StageWork<R>): Promise<R>
  /** What the latest stage failed with, undefined once one has succeeded since. */
  failure(): Error | undefined
  /** Whoever ran the stages has dealt with what failed. */
  forgetFailure(): void
}

export interface StageWork<R> {
  readonly title: string
  readonly unit: 'items' | 'blocks'
  readonly work: (progress: StageProgress) => Promise<R>
  /** Says afterwards whether the program itself wanted the end: what it cancelled is no failure of the run. */
  readonly isCancelled: () => boolean
}

/** `checkOpen` throws where the session takes no more work. */
export function createStageRunner(
  progress: RunStage,
  watchdog: Pick<WorkerWatchdog, 'work'>,
  checkOpen: () => void,
): StageRunner {
  let running = 0
  let failure: Error | undefined
  return {
    async run({ title, unit, work, isCancelled }) {
      checkOpen()
      watchdog.work(++running)
      try {
        const result = await progress(title, unit, work)
        failure = undefined
        return result
      } catch (error) {
        if (!isCancelled()) failure = error as Error
        throw error
      } finally {
        watchdog.work(--running)
      }
    },
    failure: () => failure,
    forgetFailure: () => void (failure = undefined),
  }
}

/** Runs a stage that lasts for as long as its results are taken. */
export async function* runStreamed<R>(
  stages: Pick<StageRunner, 'run'>,
  title: string,
  isCancelled: () => boolean,
  start: (step: StageProgress['step']) => AsyncGenerator<R, void, undefined>,
): AsyncGenerator<Awaited<R>, void, undefined> {
  const started = Promise.withResolvers<AsyncGenerator<R, void, undefined>>()
  const ended = Promise.withResolvers<void>()
  const work = async ({ step }: StageProgress) => {
    started.resolve(start(step))
    await ended.promise
  }
  const whole = stages.run({ title, unit: 'items', work, isCancelled })
  whole.catch(started.reject)
  try {
    yield* (await started.promise) as AsyncGenerator<Awaited<R>, void, undefined>
    ended.resolve()
  } catch (error) {
    ended.reject(error)
    throw error
  } finally {
    ended.resolve()
    await whole.catch(() => {})
  }
}
