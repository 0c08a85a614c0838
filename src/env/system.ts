import type { Clock, Timer, Timers } from './clock.ts'
import type { Environment } from './environment.ts'
import { createLogger } from './log.ts'
import type { LogLevel } from './log.ts'
import type { Random } from './random.ts'

const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
}

/** Node takes longer ones for 1 ms. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

const systemTimers: Timers = {
  after(delayMs, action, options): Timer {
    let handle: NodeJS.Timeout
    const wait = (restMs: number): void => {
      const longer = restMs > LONGEST_TIMEOUT_MS
      const next = () => wait(restMs - LONGEST_TIMEOUT_MS)
      handle = longer ? setTimeout(next, LONGEST_TIMEOUT_MS) : setTimeout(action, restMs)
      if (options?.background) handle.unref()
    }
    wait(delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  soon: (action) => void setImmediate(action),
}

/** Loaded when first needed: half of the processes and threads that have an environment never are. */
const crypto = () => process.getBuiltinModule('node:crypto')

const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => crypto().getRandomValues(new Uint8Array(length)),
  // Node puts it together of twenty parts, and V8 keeps them all, a kilobyte, until somebody looks into the text. A copy has none.
  uuid: () => Buffer.from(crypto().randomUUID(), 'latin1').toString('latin1'),
}

/** The machine's own clock, timers and random source, with a log on standard error from `logLevel` (default `warn`) up. */
export function systemEnvironment(logLevel: LogLevel = 'warn'): Environment {
  const log = createLogger((line) => process.stderr.write(`${line}\n`), logLevel, systemClock.now)
  return { clock: systemClock, timers: systemTimers, random: systemRandom, log }
}
