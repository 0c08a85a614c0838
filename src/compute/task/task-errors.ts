import type { Needs } from '../coordinator/stage.ts'
import { ComputeError } from '../errors.ts'
import { pathOfUncloneable } from '../wire/values.ts'

export function timeoutError(name: string, timeoutMs: number): ComputeError {
  const message = `Cannot finish "${name}": an attempt has run for ${timeoutMs} ms, expected an end by then (timeoutMs)`
  return new ComputeError('SHOAL_TASK_TIMEOUT', message, { facts: { name, timeoutMs } })
}

export function deadlineError(name: string, deadlineMs: number, why: readonly string[]): ComputeError {
  const now = why.length === 0 ? '' : `: ${why.join('; ')}`
  const message = `Cannot finish "${name}" within ${deadlineMs} ms of its submission (deadlineMs)${now}`
  return new ComputeError('SHOAL_DEADLINE', message, { facts: { name, deadlineMs } })
}

export function cancelledError(name: string, cause: unknown): ComputeError {
  return new ComputeError('SHOAL_CANCELLED', `"${name}" was cancelled`, { cause, facts: { name } })
}

export function circleError(name: string): ComputeError {
  const message = `Cannot wait for "${name}": it waits, by way of others, for the call that asks for it`
  const hint = 'Do not await it there, or give the actor { concurrency } for calls that come back to it'
  return new ComputeError('SHOAL_CIRCLE', message, { hint, facts: { name } })
}

export function inputError(name: string, input: string, cause: unknown): ComputeError {
  const said = cause instanceof Error ? cause.message : String(cause)
  const message = `Cannot run "${name}": its input "${input}" has failed: ${said}`
  return new ComputeError('SHOAL_INPUT_FAILED', message, { cause, facts: { name, input } })
}

export function noRoomError(name: string, needs: Needs, offered: readonly string[]): ComputeError {
  const wanted = Object.entries(needs).map(([resource, amount]) => `${resource} ${amount}`)
  const message = `Cannot run "${name}": it needs ${wanted.join(' and ')} of one worker; ${offered.join('; ')}`
  const hint = 'Ask for larger workers (workers: { threads, memory, resources }), or for less'
  return new ComputeError('SHOAL_NO_ROOM', message, { hint, facts: { name, needs } })
}

export function unknownTaskError(id: string): ComputeError {
  return new ComputeError('SHOAL_UNKNOWN_TASK', `Cannot submit "${id}" from a worker: the session does not know it`)
}

/** Why an argument cannot be packed, by its path. */
export function argumentError(name: string, args: readonly unknown[], cause: unknown): unknown {
  for (let index = 0; index < args.length; index++) {
    const found = pathOfUncloneable(args[index], `arguments[${index}]`)
    if (found === undefined) continue
    const message = `Cannot send "${found.path}" of "${name}" to a worker: it is ${found.what}, expected what structured clone can carry`
    return new ComputeError('SHOAL_ARGUMENT_CANNOT_TRAVEL', message, {
      cause,
      facts: found,
      hint: 'Send the data that it is made of, and make it in the function; perWorker() is for things like connections',
    })
  }
  return cause
}

export function goneError(id: string): ComputeError {
  return new ComputeError('SHOAL_ACTOR_LOST', `Cannot call "${id}" from a worker: there is no such actor any more`)
}
