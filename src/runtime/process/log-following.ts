import type { LogSource } from './log-reader.ts'

/** Who waits for more of which container's log. */
export interface LogFollowers {
  /** How often the log is known to have grown; rises with each report. */
  version(containerId: string): number
  /** Resolves when the version is another than `seen`, or when the signal is aborted. */
  wait(containerId: string, seen: number, signal?: AbortSignal): Promise<void>
  /** The log grew, or its container ended. */
  wake(containerId: string): void
  forget(containerId: string): void
}

interface Following {
  version: number
  readonly waiters: Set<() => void>
}

/** `watch` asks the spawner to report when the container's log grows: it does so for followed logs only. */
export function createLogFollowers(watch: (containerId: string) => Promise<unknown>): LogFollowers {
  const following = new Map<string, Following>()
  const wake = (containerId: string) => {
    const entry = following.get(containerId)
    if (!entry) return
    entry.version++
    for (const waiter of entry.waiters) waiter()
  }
  const follow = (containerId: string) => {
    let entry = following.get(containerId)
    if (entry) return entry
    entry = { version: 0, waiters: new Set() }
    following.set(containerId, entry)
    // What was written before the spawner heard of this is found by looking once more.
    void watch(containerId).then(
      () => wake(containerId),
      () => wake(containerId),
    )
    return entry
  }
  return {
    wake,
    version: (containerId) => follow(containerId).version,
    wait(containerId, seen, signal) {
      const entry = follow(containerId)
      if (entry.version !== seen || signal?.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const done = () => {
          entry.waiters.delete(done)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        entry.waiters.add(done)
        signal?.addEventListener('abort', done, { once: true })
      })
    },
    forget(containerId) {
      wake(containerId)
      following.delete(containerId)
    },
  }
}

export function followSource(
  path: string,
  followers: LogFollowers,
  containerId: string,
  ended: () => boolean,
): LogSource {
  let seen = -1
  return {
    path,
    ended,
    async changed(signal) {
      if (ended()) return
      await followers.wait(containerId, seen, signal)
      seen = followers.version(containerId)
    },
  }
}
