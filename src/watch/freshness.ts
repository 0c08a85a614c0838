import { apiError } from '../api/meta/status.ts'
import type { Timers } from '../env/clock.ts'
import type { Store } from '../store/store.ts'

/** How long Kubernetes lets a request wait for a resource version that is still to come. */
export const FUTURE_REVISION_WAIT_MS = 3000

/**
 * Waits until the durable state of `store` is at `revision` or later, which is at once for all but versions of the future.
 * Rejects with Kubernetes' Timeout, `Too large resource version`, after {@link FUTURE_REVISION_WAIT_MS}, and with the
 * signal's reason when it is aborted. What Kubernetes reads past its cache it advises nobody to ask for again.
 */
export function waitForRevision(
  store: Store,
  timers: Timers,
  revision: number,
  signal?: AbortSignal,
  isCached = true,
): Promise<void> {
  if (store.durable().revision >= revision) return Promise.resolve()
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const finish = (settle: () => void) => {
      stop()
      timer.cancel()
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = () => finish(() => reject(signal!.reason))
    const stop = store.onDurable(() => {
      if (store.durable().revision >= revision) finish(resolve)
    })
    const giveUp = () => finish(() => reject(tooLarge(revision, store.durable().revision, isCached)))
    const timer = timers.after(FUTURE_REVISION_WAIT_MS, giveUp, { background: true })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function tooLarge(revision: number, current: number, isCached: boolean): Error {
  return apiError('Timeout', `Timeout: Too large resource version: ${revision}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    ...(isCached && { retryAfterSeconds: 1 }),
  })
}
