import type { Environment } from '../../src/env/environment.ts'
import { systemEnvironment } from '../../src/env/system.ts'

/** The most that the clock moves between two looks at it, in milliseconds. */
const LONGEST_STEP_MS = 500

/** A machine whose time stands still while it does: a stop of a minute is no node that died, and no patience that ran out. */
export function steadyEnvironment(): Environment {
  const system = systemEnvironment('error')
  const startMs = system.clock.now()
  let lookedMs = system.clock.monotonicMs()
  let elapsedMs = 0
  const monotonicMs = () => {
    const nowMs = system.clock.monotonicMs()
    elapsedMs += Math.min(nowMs - lookedMs, LONGEST_STEP_MS)
    lookedMs = nowMs
    return elapsedMs
  }
  return { ...system, clock: { now: () => Math.floor(startMs + monotonicMs()), monotonicMs } }
}
