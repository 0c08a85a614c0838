/** As whom the object API applies: it takes over what others have set of the same fields. */
export const MANAGER = { fieldManager: 'shoal-objects', force: true } as const

/** How long anything is waited for unless told otherwise, in milliseconds. */
export const WAIT_MS = 120_000

/** A bound on waiting, which everything that waits takes. */
export interface WaitOptions {
  /** In milliseconds; default two minutes. */
  readonly timeoutMs?: number
  /** Ends the waiting, not what is waited for. */
  readonly signal?: AbortSignal
}
