import { createCluster } from '../cluster/cluster.ts'
import type { Cluster, ClusterOptions } from '../cluster/cluster.ts'
import { parseDuration } from '../runtime/simulated/duration.ts'
import { createFaults } from './faults.ts'
import type { Fault, InjectedFault, RequestMatch } from './faults.ts'
import { createTravelingTime } from './traveling-time.ts'

/** A cluster for one test, whose time can be sent ahead: see {@link createTestCluster}. */
export interface TestCluster extends Cluster {
  /** The cluster's time, in milliseconds since the Unix epoch. */
  now(): number
  /**
   * Lets the cluster live through milliseconds, or a duration such as `'24h'` or `'1h30m'`, at once: CronJobs start their
   * Jobs, simulated pods end, deadlines and tolerations pass. Resolves when everything in this process that was due has
   * happened. Programs that talk to the cluster over HTTPS live in the time of their machine, and are not waited for.
   */
  advance(by: number | string): Promise<void>
  /**
   * Lets requests over HTTPS fail, or take their time: the next one that fits, or as many as `times` says. The cluster's own
   * parts, and its `client`, are not touched.
   *
   * @example
   * using conflict = cluster.inject({ verb: 'update', resource: 'deployments', reason: 'Conflict', times: 2 })
   */
  inject(fault: Fault): InjectedFault
  /** Ends the watches over HTTPS that fit, as a server does that goes away; says how many they were. */
  cutWatches(which?: Omit<RequestMatch, 'verb' | 'subresource'>): number
}

/**
 * A cluster of a test's own, in memory: cheap enough for each test to have one. Resolves when controllers, scheduler and
 * nodes work. Its containers are simulated unless `runtime: 'process'` is asked for: they are there at once, run no
 * command, and stay until they are stopped, or for as long as their pod's annotation `simulated.shoal.dev/run-for` says.
 *
 * @example
 * await using cluster = await createTestCluster()
 * await cluster.client.create(cronJobs, nightly)
 * await cluster.advance('24h')
 */
export async function createTestCluster(options: Omit<ClusterOptions, 'env'> = {}): Promise<TestCluster> {
  const time = createTravelingTime()
  const { inject, cutWatches, around } = createFaults()
  const cluster = await createCluster({ runtime: 'simulated', ...options, env: time.env }, { around })
  try {
    await cluster.ready
    const advance = async (by: number | string) => time.advance(durationOf(by))
    return { ...cluster, now: () => time.env.clock.now(), advance, inject, cutWatches }
  } catch (error) {
    await cluster.close()
    throw error
  }
}

const DURATION = /^([\d.]+(ms|s|m|h))+$/

function durationOf(by: number | string): number {
  const ms = typeof by === 'number' ? by : DURATION.test(by) ? parseDuration(by) : Number.NaN
  if (ms >= 0 && ms < Infinity) return ms
  throw new RangeError(`Cannot advance by "${by}": not a duration, expected milliseconds or a text such as "1h30m"`)
}
