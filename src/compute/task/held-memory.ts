import { removeShared, openSharedMemory } from '../wire/shared-memory.ts'
import type { SharedMemory } from '../wire/shared-memory.ts'

/** What the calls of a session keep in shared memory: a value goes when nobody needs it any more, all when the session ends. */
export interface HeldMemory {
  readonly memory: SharedMemory | undefined
  hold(names: readonly string[] | undefined): void
  release(names: readonly string[] | undefined): void
  /** Releases them when `owner` is no longer reachable. */
  releaseWith(owner: object, names: readonly string[]): void
  /** The owner has released them itself. */
  forget(owner: object): void
  close(): void
}

export function createHeldMemory(): HeldMemory {
  const memory = openSharedMemory()
  const holders = new Map<string, number>()
  const release = (names: readonly string[] | undefined) => {
    for (const name of names ?? []) {
      const left = (holders.get(name) ?? 1) - 1
      if (left > 0) holders.set(name, left)
      else {
        holders.delete(name)
        removeShared(name)
      }
    }
  }
  const registry = new FinalizationRegistry<readonly string[]>(release)
  return {
    memory,
    hold(names) {
      for (const name of names ?? []) holders.set(name, (holders.get(name) ?? 0) + 1)
    },
    release,
    releaseWith: (owner, names) => registry.register(owner, names, owner),
    forget: (owner) => void registry.unregister(owner),
    close: () => memory?.close(),
  }
}
