import { afterAll, describe, expect, test } from 'vitest'
import { namespaces, serviceAccounts } from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import { createTestCluster, until } from '../../src/testing/index.ts'
import { comparable } from './comparable.ts'
import { differencesOf } from './differences.ts'
import { fasterEnvironment } from './faster-environment.ts'
import { play, readScenario } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { steadyEnvironment } from './steady-environment.ts'

const SIMULATED = {}

/** The same scenario with pods that end as the recorded ones did. */
function behaving(scenario: Scenario, annotations: Readonly<Record<string, string>>): Scenario {
  const objects = scenario.objects.map((object) => {
    const text = JSON.stringify(object, (key, value: unknown) => {
      if (key !== 'template' || Object.keys(annotations).length === 0) return value
      const template = value as { readonly metadata?: object }
      return { ...template, metadata: { ...template.metadata, annotations } }
    })
    return JSON.parse(text) as KubeObject
  })
  return { ...scenario, objects }
}

/** Containers of the process runtime run for real; their images have digests of their own. */
const PROCESS = { without: [] }

const BESIDE_ONE_ANOTHER = [
  'account-missing',
  'adoption',
  'anti-affinity',
  'autoscaler-off',
  'claims',
  'daemon-elsewhere',
  'daemon-on-delete',
  'daemon-rolls',
  'disruption-budgets',
  'gate-removed',
  'history-limit',
  'image-invalid',
  'job-elastic',
  'job-scaled',
  'job-suspended',
  'limits-refuse',
  'min-ready',
  'orphaned',
  'overlapping',
  'paused',
  'priority-missing',
  'recreate',
  'recreated-bad',
  'replication-controller',
  'restarted',
  'resumed',
  'scaled-to-zero',
  'services',
  'sets-refused',
  'stateful-claims',
  'stateful-min-ready',
  'stateful-on-delete',
  'stateful-parallel',
  'stateful-rolls',
  'stateful-rolls-all',
  'surge-shares',
  'unplaceable',
] as const

const ENDS = { 'simulated.shoal.dev/run-for': '10ms' }
const FAILS = { ...ENDS, 'simulated.shoal.dev/exit-code': '3' }

test.each([
  ['deployment', {}],
  ['rolling-update', {}],
  ['stateful-set', {}],
  ['daemon-set', {}],
  ['job-indexed', ENDS],
  ['job-fails', FAILS],
  ['unschedulable', {}],
] as const)(
  'simulated, the scenario %s settles into the objects and events of a real cluster',
  async (name, annotations) => {
    const scenario = behaving(readScenario(name), annotations)
    const wanted = comparable(scenario.settled, SIMULATED)
    await using cluster = await createTestCluster()
    const reached = await play(cluster.client, scenario, wanted, SIMULATED, 25_000)
    expect(reached.objects).toEqual(wanted.objects)
    expect(reached.events).toEqual(wanted.events)
  },
  60_000,
)

test.each([
  ['image-missing', 20_000],
  ['init-and-sidecar', 20_000],
  ['job-fails', 30_000],
  ['job-indexed', 20_000],
  ['out-of-memory', 20_000],
  ['hooks', 20_000],
  // Two failed probes, two seconds of grace, three times, and a look at it once a second.
  ['liveness', 30_000],
])(
  'on processes, the scenario %s settles into the objects and events of a real cluster',
  async (name, patienceMs) => {
    const scenario = readScenario(name)
    const wanted = comparable(scenario.settled, PROCESS)
    await using cluster = await createTestCluster({ runtime: 'process' })
    const reached = await play(cluster.client, scenario, wanted, PROCESS, patienceMs)
    expect(reached.objects).toEqual(wanted.objects)
    expect(reached.events).toEqual(wanted.events)
  },
  60_000,
)

/** Recorded by `test/reference/record-settled.ts`: all at once, each in a namespace of its own. */
describe.concurrent('simulated, beside one another', () => {
  const cluster = createCluster({ runtime: 'simulated', env: steadyEnvironment() })
  afterAll(async () => await (await cluster)[Symbol.asyncDispose]())

  test.each(BESIDE_ONE_ANOTHER)(
    'the scenario %s settles into the objects and events of a real cluster',
    async (name) => {
      const scenario = readScenario(name)
      const wanted = comparable(scenario.settled)
      const { client, ready } = await cluster
      await ready
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      await until(client, serviceAccounts, (all) => all.length > 0, { namespace: name, deadlineMs: 30_000 })
      const reached = await play(client, scenario, wanted, {}, 60_000, name)
      expect(differencesOf(wanted, reached)).toEqual([])
    },
    120_000,
  )
})

const SPEED = 8

test('simulated, the scenario crash-loop settles into the objects and events of a real cluster', async () => {
  const scenario = behaving(readScenario('crash-loop'), {})
  const [pod] = scenario.objects
  const annotations = { 'simulated.shoal.dev/run-for': '1ms', 'simulated.shoal.dev/exit-code': '7' }
  const crashing = { ...scenario, objects: [{ ...pod!, metadata: { ...pod!.metadata, annotations } }] }
  const wanted = comparable(scenario.settled, SIMULATED)
  await using cluster = await createCluster({ runtime: 'simulated', env: fasterEnvironment(SPEED) })
  await cluster.ready
  const reached = await play(cluster.client, crashing, wanted, SIMULATED, 25_000)
  expect(reached.objects).toEqual(wanted.objects)
  expect(reached.events).toEqual(wanted.events)
}, 60_000)
