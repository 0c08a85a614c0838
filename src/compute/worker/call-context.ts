import { AsyncLocalStorage } from 'node:async_hooks'
import type { Attempt } from './program.ts'

/** The call that runs, as what it does on this thread can find out, also after it has waited. */
export interface CallContext {
  readonly attempt: Attempt
  readonly piece: number
  /** What it asked of the session and was not answered. */
  open: number
}

const contexts = new AsyncLocalStorage<CallContext>()
/** Whether anything on this thread has asked: until then nobody pays for contexts. */
let isWanted = false

/** From now on calls have a context. */
export function wantContexts(): void {
  isWanted = true
}

export const currentCall = (): CallContext | undefined => contexts.getStore()

/** Calls `fn` within its context. */
export function withCall(
  attempt: Attempt,
  piece: number,
  fn: (...args: readonly unknown[]) => unknown,
  args: readonly unknown[],
): unknown {
  if (!isWanted) return fn(...args)
  return contexts.run({ attempt, piece, open: 0 }, fn, ...args)
}
