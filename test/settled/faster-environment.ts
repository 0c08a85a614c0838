import type { Environment } from '../../src/env/environment.ts'
import { steadyEnvironment } from './steady-environment.ts'

/** Times as fast as the machine's, and standing still while that does: half a minute of back-off is over in four seconds. */
export function fasterEnvironment(speed: number): Environment {
  const system = steadyEnvironment()
  const startMs = system.clock.now()
  const startMonotonicMs = system.clock.monotonicMs()
  const elapsedMs = () => (system.clock.monotonicMs() - startMonotonicMs) * speed
  return {
    ...system,
    clock: { now: () => Math.floor(startMs + elapsedMs()), monotonicMs: elapsedMs },
    timers: { ...system.timers, after: (ms, action, how) => system.timers.after(ms / speed, action, how) },
  }
}
