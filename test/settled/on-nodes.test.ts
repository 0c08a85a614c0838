import { describe, expect, test } from 'vitest'
import { namespaces, serviceAccounts } from '../../src/api/generated/resources.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import { until } from '../../src/testing/index.ts'
import { comparable } from './comparable.ts'
import { differencesOf } from './differences.ts'
import { fasterEnvironment } from './faster-environment.ts'
import { playOnNodes, readScenario } from './scenario.ts'

/** The time of their clusters, against the machine's. */
const SPEED = 4

const SCENARIOS = [
  'affinity-keys',
  'budgets-of-one',
  'cordoned',
  'daemon-adopts',
  'daemon-nodes',
  'dearest-kept',
  'drained',
  'endings-behind',
  'hints-by-zone',
  'hints-nearby',
  'host-ports',
  'job-fails-index',
  'job-foreground',
  'job-pods-deleted',
  'job-success-count',
  'job-suspended-anew',
  'many-reasons',
  'ordinals-moved',
  'preempts',
  'preempts-equals',
  'preempts-past-budgets',
  'preempts-twice',
  'progress-exceeding',
  'quota-of-scopes',
  'quotas-used',
  'replicas-ending',
  'runtime-class',
  'services-in-motion',
  'spread',
  'stateful-adopts',
  'stateful-name-taken',
  'strategy-changed',
  'tainted',
  'taints-together',
  'volumes-released',
] as const

/** Recorded by `test/reference/record-settled.ts` on a real control plane with the same simulated nodes. */
describe.concurrent('on nodes of its own', () => {
  test.each(SCENARIOS)(
    'the scenario %s settles into the objects and events of a real cluster',
    async (name) => {
      const scenario = readScenario(name)
      const wanted = comparable(scenario.settled, { also: scenario.also ?? [] })
      const pace = fasterEnvironment(SPEED)
      await using cluster = await createCluster({ env: pace, runtime: 'simulated', nodes: 0 })
      await cluster.ready
      const { client } = cluster
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      await until(client, serviceAccounts, (all) => all.length > 0, { namespace: name, deadlineMs: 30_000 })
      const reached = await playOnNodes({ client, pace }, scenario, wanted, 30_000, name)
      expect(differencesOf(wanted, reached)).toEqual([])
    },
    120_000,
  )
})
