import type { WriteTarget } from '../dataset/plan.ts'
import type { Unit } from '../dataset/stage-input.ts'
import type { Written } from './write-sink.ts'

/** Where a dataset is being written. Nobody sees any of it before the commit. */
export interface Output {
  readonly target: WriteTarget
  /** What an attempt is given to write with. */
  readonly given?: (unit: Unit) => unknown
  /** Makes visible what these attempts wrote, in order; gives the names. */
  commit(written: readonly (readonly [Unit, Written])[]): Promise<readonly string[]>
  /** Removes whatever was written. */
  abandon(): Promise<void>
}
