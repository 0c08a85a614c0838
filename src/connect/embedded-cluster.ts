import { rm } from 'node:fs/promises'
import type { ClusterOptions } from '../cluster/cluster.ts'
import { startClusterThread } from '../cluster/thread/start-thread.ts'
import type { ThreadCluster } from '../cluster/thread/start-thread.ts'
import { makeTemporaryDirectory } from '../runtime/process/leftovers.ts'

/** A cluster of this process, and the directory of this life alone in which its pods and the session's sockets lie. */
export interface EmbeddedCluster {
  readonly thread: ThreadCluster
  readonly directory: string
  close(): Promise<void>
}

/** Should the process be killed, its spawner removes the directory. */
export function startEmbedded(options: Omit<ClusterOptions, 'env'> = {}): EmbeddedCluster {
  const directory = makeTemporaryDirectory()
  const thread = startClusterThread({ podDirectory: directory, ...options })
  const close = async () => {
    await thread.close()
    await rm(directory, { recursive: true, force: true })
  }
  return { thread, directory, close }
}

let prepared: EmbeddedCluster | undefined

/**
 * Starts the cluster that the first session of this process will ask for, while the program and what it imports are still read.
 * Whoever prepares it discards it in the end, should no session have taken it.
 */
export function prepareEmbedded(): void {
  prepared ??= startEmbedded()
}

/** The cluster that was prepared, for one taker. */
export function takePrepared(): EmbeddedCluster | undefined {
  const taken = prepared
  prepared = undefined
  return taken
}

/** Ends what was prepared and not taken. */
export async function discardPrepared(): Promise<void> {
  await takePrepared()?.close()
}
