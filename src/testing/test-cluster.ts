import { createCluster } from '../cluster/cluster.ts'
import type { Cluster, ClusterOptions } from '../cluster/cluster.ts'

/** A cluster for one test: see {@link createTestCluster}. */
export type TestCluster = Cluster

/**
 * A cluster of a test's own, in memory: cheap enough for each test to have one. Resolves when controllers, scheduler and
 * nodes work. Its containers are simulated unless `runtime: 'process'` is asked for: they are there at once, run no
 * command, and stay until they are stopped, or for as long as their pod's annotation `simulated.shoal.dev/run-for` says.
 *
 * @example
 * await using cluster = await createTestCluster()
 * await cluster.client.create(pods, pod)
 */
export async function createTestCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const cluster = await createCluster({ runtime: 'simulated', ...options })
  try {
    await cluster.ready
    return cluster
  } catch (error) {
    await cluster.close()
    throw error
  }
}
