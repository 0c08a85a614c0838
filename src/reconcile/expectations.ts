import type { Clock } from '../env/clock.ts'
import type { Informer } from '../informer/informer.ts'
import type { Written } from './executor.ts'
import { isAtLeast } from './resource-version.ts'

/** How long a cache may lag behind our own writes before a key is looked at all the same, in milliseconds. */
export const EXPECTATION_EXPIRY_MS = 30_000

/**
 * Makes controllers read what they wrote: a key is not decided again until the caches that the decision rests on show all
 * that was written for it. So a lagging watch never makes a controller create the same pod twice. (Kubernetes counts the
 * creations and deletions that it expects to see; waiting for the versions themselves covers updates too.)
 */
export interface Expectations {
  /** Records what was written for `key`; nothing where no cache of ours follows that resource. */
  expect(key: string, written: Written): void
  /** Milliseconds for which `key` may still have to wait; 0 where nothing is outstanding, or it took too long. */
  remainingMs(key: string): number
  forget(key: string): void
}

interface Outstanding {
  readonly sinceMs: number
  readonly written: Written[]
}

export function createExpectations(clock: Clock, informerOf: (written: Written) => Informer | undefined): Expectations {
  const outstanding = new Map<string, Outstanding>()
  const isSeen = (written: Written): boolean => {
    const informer = informerOf(written)
    if (informer === undefined) return true
    if (written.kind === 'version') return isAtLeast(informer.resourceVersion, written.resourceVersion)
    const object = informer.getByKey(written.key)
    return object?.metadata.uid !== written.uid || object.metadata.deletionTimestamp !== undefined
  }
  return {
    expect(key, written) {
      if (isSeen(written)) return
      const known = outstanding.get(key)
      if (known === undefined) outstanding.set(key, { sinceMs: clock.monotonicMs(), written: [written] })
      else known.written.push(written)
    },
    remainingMs(key) {
      const known = outstanding.get(key)
      if (known === undefined) return 0
      const remaining = known.sinceMs + EXPECTATION_EXPIRY_MS - clock.monotonicMs()
      if (remaining > 0 && !known.written.every(isSeen)) return remaining
      outstanding.delete(key)
      return 0
    },
    forget: (key) => void outstanding.delete(key),
  }
}
