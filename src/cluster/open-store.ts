import { join } from 'node:path'
import type { Environment } from '../env/environment.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { StoreError } from '../store/store.ts'
import type { Store } from '../store/store.ts'
import { ClusterError } from './cluster-error.ts'
import { unusableDirectory } from './data-directory.ts'

/** The store of a cluster: on disk in `directory`, or in memory without one. Rejects with a {@link ClusterError}. */
export async function openStore(env: Environment, directory: string | undefined): Promise<Store> {
  if (directory === undefined) return createMemoryStore(env)
  try {
    const { openDurableStore } = await import('../store/durable-store.ts')
    return await openDurableStore(join(directory, 'store'), env)
  } catch (error) {
    throw explained(error, directory)
  }
}

function explained(error: unknown, directory: string): unknown {
  if (error instanceof StoreError) {
    const options = { cause: error }
    if (error.code === 'locked') return new ClusterError('CLUSTER_DATA_LOCKED', error.message, error.hint, options)
    if (error.code === 'damaged') return new ClusterError('CLUSTER_DATA_DAMAGED', error.message, error.hint, options)
    return new ClusterError('CLUSTER_DATA_UNUSABLE', error.message, error.hint, options)
  }
  return unusableDirectory(error, directory)
}
