import type { Clock, Timer, Timers } from './clock.ts'
import type { Environment } from './environment.ts'
import { createLogger } from './log.ts'
import type { LogLevel } from './log.ts'
import type { Random } from './random.ts'

const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
}

const systemTimers: Timers = {
  after(delayMs, action, options): Timer {
    const handle = setTimeout(action, delayMs)
    if (options?.background) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  soon: (action) => void setImmediate(action),
}

/** Loaded when first needed: half of the processes and threads that have an environment never are. */
const crypto = () => process.getBuiltinModule('node:crypto')

const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => crypto().getRandomValues(new Uint8Array(length)),
  uuid: () => crypto().randomUUID(),
}

/** The machine's own clock, timers and random source, with a log on standard error from `logLevel` (default `warn`) up. */
export function systemEnvironment(logLevel: LogLevel = 'warn'): Environment {
  const log = createLogger((line) => process.stderr.write(`${line}\n`), logLevel, systemClock.now)
  return { clock: systemClock, timers: systemTimers, random: systemRandom, log }
}
