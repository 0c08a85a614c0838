import { createCore } from './core.ts'
import type { StoreEnvironment, StoreOptions } from './core.ts'
import { emptyState } from './state.ts'
import type { Store } from './store.ts'

/**
 * A store that lives as long as its process. A commit is durable in the microtask after its turn.
 *
 * @example
 * const store = createMemoryStore(systemEnvironment())
 * await store.commit([{ type: 'create', resource: 'pods', key: 'default/a', object: pod }])
 */
export function createMemoryStore(environment: StoreEnvironment, options: StoreOptions = {}): Store {
  return createCore(emptyState(startRevision(environment.clock.now())), environment, options)
}

/**
 * Where a new cluster's revisions start: the time in microseconds. A client that comes back with a revision of an earlier
 * cluster then asks for one that is compacted (410), not for one that means something else, as long as that cluster made
 * fewer than 1,000 commits a millisecond. The number stays below 2^53, and so exact, until the year 2255.
 */
export function startRevision(epochMs: number): number {
  return Math.max(1, Math.floor(epochMs * 1000))
}
