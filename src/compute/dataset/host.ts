import type { Coordinator } from '../coordinator/coordinator.ts'
import type { ProgramBundle } from '../coordinator/stage.ts'
import type { Reachable } from '../sources/reachable.ts'
import type { Shipment } from '../wire/shipped.ts'
import type { AnyFunction } from './node.ts'
import type { PartLimits } from './parts-input.ts'

/** What datasets need of a session. */
export interface DatasetHost {
  readonly coordinator: Pick<Coordinator, 'open' | 'counts'> & Partial<Pick<Coordinator, 'release'>>
  readonly ship: (fn: AnyFunction) => Promise<Shipment>
  /** What runs a stage on a worker's thread; with the libraries of columnar formats where they are needed. */
  readonly program: (isColumnar: boolean) => Promise<ProgramBundle>
  /** Runs a stage as one of the session's: it is reported, and waits for workers no longer than they are allowed. */
  readonly stage: (title: string, isCancelled: () => boolean, work: (step: OnStep) => Promise<void>) => Promise<void>
  /** A name that no other has. */
  readonly unique: () => string
  readonly seed: () => number
  readonly warn: (message: string) => void
  readonly reachable: Reachable
  readonly partLimits?: PartLimits
  /** Parts are compressed before they travel: where workers are on several machines. */
  readonly compress: boolean
}

/** Told of progress: tasks that are done, and bytes of all that there are. */
export type OnStep = (tasks: number, bytes: number, totalBytes: number | undefined) => void
