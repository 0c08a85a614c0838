import { createCore } from './core.ts'
import type { StoreEnvironment, StoreOptions } from './core.ts'
import { deepFreeze } from './freeze.ts'
import { startRevision } from './memory-store.ts'
import { openRecordFile } from './record-file.ts'
import type { RecordFile } from './record-file.ts'
import { emptyState, loadedState } from './state.ts'
import type { State } from './state.ts'
import type { Store } from './store.ts'

/**
 * Opens the store in `directory`, which is made where it does not exist and belongs to this store until it is closed. A
 * commit is durable when it is flushed to the disk; those made during a flush share the next one. History does not
 * outlive the process: a watch from before the last durable revision at the time of opening gets 410.
 *
 * Rejects with a StoreError: `locked` where another store has it open, `read-only`, `full`, `io`, or `damaged`.
 */
export async function openLmdbStore(
  directory: string,
  environment: StoreEnvironment,
  options: StoreOptions = {},
): Promise<Store> {
  return storeOn(await openRecordFile(directory), environment, options)
}

/** The store whose records are in `file`, which it closes when it is closed or cannot be loaded. */
export async function storeOn(
  file: RecordFile,
  environment: StoreEnvironment,
  options: StoreOptions = {},
): Promise<Store> {
  try {
    return createCore(load(file, environment), environment, options, file)
  } catch (error) {
    await file.close()
    throw error
  }
}

function load(file: RecordFile, environment: StoreEnvironment): State {
  const loaded = file.load()
  if (loaded === undefined) return emptyState(startRevision(environment.clock.now()))
  for (const entry of loaded.entries) deepFreeze(entry)
  return loadedState(loaded.revision, loaded.entries)
}
