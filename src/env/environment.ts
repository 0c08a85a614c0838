import type { Clock, Timers } from './clock.ts'
import type { Logger } from './log.ts'
import type { Random } from './random.ts'

/** Everything that is not deterministic, handed to whoever needs it by the composition root. */
export interface Environment {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Logger
}
