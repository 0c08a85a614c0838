import type { KubeObject } from '../api/object.ts'
import type { Logger } from '../env/log.ts'
import type { Listener } from './listener.ts'

/** Tells listeners of changes; none of them can disturb the others. */
export interface Broadcast<T extends KubeObject> {
  added(object: T): void
  updated(object: T, previous: T): void
  deleted(object: T): void
  settled(): void
  listen(listener: Listener<T>, existing: Iterable<T>): () => void
}

export function createBroadcast<T extends KubeObject>(log: Logger): Broadcast<T> {
  let listeners: readonly Listener<T>[] = []
  const tell = (call: (listener: Listener<T>) => void) => {
    for (const listener of listeners) guard(log, () => call(listener))
  }
  return {
    added: (object) => tell((listener) => listener.added?.(object)),
    updated: (object, previous) => tell((listener) => listener.updated?.(object, previous)),
    deleted: (object) => tell((listener) => listener.deleted?.(object)),
    settled: () => tell((listener) => listener.settled?.()),
    listen(listener, existing) {
      for (const object of existing) guard(log, () => listener.added?.(object))
      guard(log, () => listener.settled?.())
      // A new array each time: a listener may come or go while others are being told.
      listeners = [...listeners, listener]
      return () => {
        listeners = listeners.filter((other) => other !== listener)
      }
    },
  }
}

function guard(log: Logger, call: () => void): void {
  try {
    call()
  } catch (error) {
    log.error('a listener failed', { error })
  }
}
