import { Call } from './call.ts'

/**
 * Calls that wait for each other in a circle would wait for ever. Who asked for a call is known where a function on a worker did: from
 * there one goes back to those that wait for the function that asks.
 */
const callers = new WeakMap<Call, Call>()

/** `caller` asked for `call`, and goes on when that is settled. */
export function askedBy(caller: Call | undefined, call: Call): void {
  if (caller !== undefined && caller !== call) callers.set(call, caller)
}

/** The first that `matches` of `call`, who asked for it, who asked for that one, and so on, as far as these are not settled. */
export function amongCallers(call: Call | undefined, matches: (call: Call) => boolean): Call | undefined {
  const seen = new Set<Call>()
  for (let at = call; at !== undefined && !at.isSettled && !seen.has(at); at = callers.get(at)) {
    if (matches(at)) return at
    seen.add(at)
  }
  return undefined
}

/** An actor that does one call at a time is given so long to end the one that seems to wait for another call of it. */
export const CIRCLE_MS = 30_000
