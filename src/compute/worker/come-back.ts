import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'

/** Since when, on the wall clock, and how often in a row the coordinator was not there: for the program that takes our place. */
const SINCE = 'SHOAL_AWAY_SINCE'
const TRIES = 'SHOAL_AWAY_TRIES'
const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 5_000
/** A coordinator that is away for so long is not coming back, in milliseconds. */
export const AWAY_MS = 15 * 60_000

/**
 * A coordinator elsewhere may come back. The program begins anew in this same process then: whatever user code has left is
 * gone, and the container goes on, so that nobody holds up its start for having failed often. After a quarter of an hour it
 * ends, as one that is done: its Job starts no other.
 */
export async function comeBack(env: Environment, variables: NodeJS.ProcessEnv, wasConnected: boolean): Promise<void> {
  const nowMs = env.clock.now()
  const sinceMs = wasConnected ? nowMs : Number(variables[SINCE] ?? nowMs)
  const tries = wasConnected ? 0 : Number(variables[TRIES] ?? 0)
  if (nowMs - sinceMs > AWAY_MS) {
    process.stderr.write(`The coordinator has not been there for ${AWAY_MS / 60_000} minutes\n`)
    process.exit(0)
  }
  await sleep(env.timers, Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries))
  const told = { ...variables, [SINCE]: String(sinceMs), [TRIES]: String(tries + 1) }
  const [program = ''] = process.argv.slice(1)
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, program], told)
  // Where a process cannot begin anew, its container does.
  process.exit(1)
}
