import type { LonelyRows, SegmentRange } from '../shuffle/output.ts'
import type { Shipment } from '../wire/shipped.ts'
import type { Input } from './plan.ts'
import type { TextRange, TextTask } from './text-range.ts'

/** The input of one task, as the driver keeps it for as often as it takes. */
export interface Unit {
  /** Rises with the place in the input; the pieces of a unit that was cut lie between it and the next. */
  readonly order: number
  /** The place of its first record in the whole dataset, where that is known. */
  readonly firstIndex?: number
  readonly ranges?: readonly TextRange[]
  /** For formats that are read by rows, of the one range. */
  readonly rows?: TextTask['rows']
  readonly records?: readonly unknown[]
  readonly parts?: PartsUnit
}

/** Which parts a unit reads of each side: partitions `from` up to `to`, of all outputs or of some. */
export interface PartsUnit {
  readonly from: number
  readonly to: number
  readonly piece?: { readonly index: number; readonly of: number }
  /** For each side the outputs that are read; absent: all. */
  readonly outputs?: readonly (readonly OutputShare[] | undefined)[]
  readonly lonely?: LonelyRows
}

/** An output, or some of its flushes where all of them are too much. */
export interface OutputShare {
  readonly output: number
  readonly segments?: SegmentRange
}

/** What a stage's tasks read. Units can be asked for once: each run of a stage takes an input of its own. */
export interface StageInput {
  /** What travels with the stage. */
  readonly input: Input<Shipment>
  readonly totalBytes: number | undefined
  /** The next unit, for one of `threads` threads; undefined where there is none, or none yet. */
  next(threads: number): Unit | undefined
  isExhausted(): boolean
  /** About how many units there are still to be taken, where that is known. */
  waiting?(): number | undefined
  /** Hears when there is more after `next` gave none, and what the source failed with. */
  listen?(onMore: () => void, onError: (error: unknown) => void): void
  encode(unit: Unit, seesFiles: boolean): Uint8Array | Promise<Uint8Array>
  describe(unit: Unit): string
  /** Inputs that give samples of themselves: of so many units. */
  sample?(units: number): StageInput
  /** Makes output `id`, which is lost, again, and all else that is lost with it. */
  recover?(id: number): Promise<Recovered>
  /** Nothing more is read: lets go of what is held. */
  close?(): void
}

/** What came of making an output again. */
export interface Recovered {
  /** Whether units that read partitions `from` up to `to` read other bytes than before. */
  isChanged(from: number, to: number): boolean
}
