import { createCore } from './core.ts'
import type { StoreEnvironment, StoreOptions } from './core.ts'
import { deepFreeze } from './freeze.ts'
import type { CompactionLimits, OpenJournal } from './journal/journal.ts'
import { openJournal } from './journal/journal.ts'
import { startRevision } from './memory-store.ts'
import type { Store } from './store.ts'

export interface DurableStoreOptions extends StoreOptions {
  readonly compaction?: CompactionLimits
}

/**
 * Opens the store in `directory`, which is made where it does not exist and belongs to this store until it is closed. A
 * commit is durable when it is flushed to the disk; those made during a flush share the next one. One that cannot be flushed
 * is refused and leaves nothing behind, and later ones are tried anew. History does not outlive the process: a watch from
 * before the last durable revision at the time of opening gets 410.
 *
 * Rejects with a StoreError: `locked` where another store has it open, `read-only`, `full`, `io`, or `damaged`.
 */
export async function openDurableStore(
  directory: string,
  environment: StoreEnvironment,
  options: DurableStoreOptions = {},
): Promise<Store> {
  const revision = startRevision(environment.clock.now())
  return storeOn(await openJournal(directory, revision, environment, options.compaction), environment, options)
}

/** The store whose commits go to an open journal, which it closes when it is closed. */
export function storeOn(
  { state, journal }: OpenJournal,
  environment: StoreEnvironment,
  options: StoreOptions = {},
): Store {
  for (const resource of state.resources()) for (const entry of state.list(resource)) deepFreeze(entry)
  return createCore(state, environment, options, journal)
}
