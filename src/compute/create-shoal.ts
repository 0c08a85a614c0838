import type { StageHost } from './coordination.ts'
import type { ProgramBundle } from './coordinator/stage.ts'
import { datasetStage } from './dataset/dataset-stage.ts'
import { filesDataset } from './dataset/dataset.ts'
import type { DatasetHost, FilesOptions } from './dataset/dataset.ts'
import { imapAll } from './map/imap.ts'
import { cancelledBy, mapAll } from './map/map.ts'
import type { MapOptions } from './map/map.ts'
import type { StageProgress } from './progress.ts'
import type { Shipper } from './ship/ship.ts'
import type { Shoal } from './shoal.ts'
import { runStreamed } from './stage-runner.ts'
import type { StageRunner } from './stage-runner.ts'

/** What a session's user interface stands on. */
export interface ShoalParts {
  readonly name: string
  readonly coordinator: StageHost
  readonly shipper: Pick<Shipper, 'ship'>
  readonly pipeline: ProgramBundle
  readonly stages: StageRunner
  /** Ends the session, the first time that it is called. */
  readonly close: (reason?: Error) => Promise<void>
}

/** The user's interface to a session: functions are shipped at the call, their stages run on the coordinator. */
export function createShoal(parts: ShoalParts): Shoal {
  const { name, coordinator, shipper, stages, close } = parts
  const host = datasetHost(parts)
  return {
    name,
    map<T, R>(items: Iterable<T>, fn: (item: T, index: number) => R | PromiseLike<R>, options: MapOptions = {}) {
      const shipment = shipper.ship(fn)
      const all = Array.isArray(items) ? items : [...items]
      const work = async ({ step }: StageProgress) =>
        mapAll<Awaited<R>>(coordinator, all, await shipment, options, step)
      return stages.run({ title: 'map', unit: 'items', work, isCancelled: () => isAborted(options.signal) })
    },
    imap(items, fn, options = {}) {
      const shipment = shipper.ship(fn)
      shipment.catch(() => {})
      const isCancelled = () => isAborted(options.signal)
      return runStreamed(stages, 'imap', isCancelled, (step) => imapAll(coordinator, items, shipment, options, step))
    },
    files(first: string | readonly string[], ...rest: readonly unknown[]) {
      const listed = typeof first !== 'string'
      const patterns = listed ? first : [first, ...(rest as string[])]
      return filesDataset(host, patterns, listed ? ((rest[0] ?? {}) as FilesOptions) : {})
    },
    why: () => coordinator.why(),
    // Whoever says that it is over has dealt with what failed; a scope that is left may be left by the failure.
    close(reason) {
      if (reason === undefined) stages.forgetFailure()
      return close(reason)
    },
    [Symbol.asyncDispose]: () => close(),
  }
}

function datasetHost({ coordinator, shipper, pipeline, stages }: ShoalParts): DatasetHost {
  return {
    ship: (fn) => shipper.ship(fn),
    run(plan, output, signal) {
      const work = async ({ step }: StageProgress) => {
        const progressed = (tasks: number, bytes: number, total: number | undefined) =>
          step(tasks, undefined, bytes, total)
        await cancelledBy(coordinator.open(datasetStage(plan, pipeline, { ...output, progressed })), signal)
      }
      return stages.run({ title: plan.name, unit: 'blocks', work, isCancelled: () => isAborted(signal) })
    },
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}
