/**
 * Time as the rest of Shoal sees it. Everything that is not deterministic comes through an {@link Environment}, so that
 * the simulator can put a seeded one in its place; `Date.now`, timers and random sources are banned elsewhere.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump when the machine's clock is set. */
  now(): number
  /** Milliseconds from an arbitrary start, never going back: for durations and deadlines. */
  monotonicMs(): number
}

/** A pending timer; cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void
}

export interface Timers {
  /**
   * Calls `action` once after `delayMs` milliseconds (at least 0). A timer made with `{ background: true }` does not keep
   * the process alive.
   */
  after(delayMs: number, action: () => void, options?: { readonly background?: boolean }): Timer
  /** Calls `action` in a later turn of the event loop, after pending I/O: yields to others during long work. */
  soon(action: () => void): void
}

/** Resolves after `delayMs` milliseconds; rejects with the signal's reason when it is aborted first. */
export function sleep(timers: Timers, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = timers.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The RFC 3339 form, in whole seconds, in which Kubernetes writes times: `2026-01-31T12:00:00Z`. */
export function formatTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000)
  if (second !== lastSecond) {
    lastText = `${new Date(epochMs).toISOString().slice(0, 19)}Z`
    lastSecond = second
  }
  return lastText
}

/** Almost all times are of this second: their objects share one text. */
let lastSecond = Number.NaN
let lastText = ''

/** The RFC 3339 form with microseconds that Leases and newer Events use: `2026-01-31T12:00:00.000000Z`. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`
}
