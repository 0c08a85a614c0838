import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client, Watch } from '../../src/client/client.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { startClusterThread } from '../../src/cluster/thread/start-thread.ts'
import { recordRun } from '../../src/compute/run/run-record.ts'
import { runs } from '../../src/compute/run/run.ts'
import { configMaps } from '../../src/api/generated/resources.ts'
import { systemEnvironment } from '../../src/env/system.ts'

const env = systemEnvironment('error')
const namespace = 'default'
let cluster: Cluster

beforeAll(async () => {
  cluster = await createCluster({ env, apiOnly: true })
})
afterAll(() => cluster.close())

/** The cluster's client, whose watches are cut as soon as they are open, the first `cuts` of them. */
function cutting(client: Client, cuts: number): { readonly client: Client; readonly opened: () => number } {
  let opened = 0
  const watch: Client['watch'] = (type, options, handler): Watch => {
    const inner = client.watch(type, options, handler)
    if (++opened > cuts) return inner
    queueMicrotask(() => {
      inner.close()
      handler.closed(undefined)
    })
    return inner
  }
  return { client: { ...client, watch }, opened: () => opened }
}

test.each([0, 1])('a run that is deleted is noticed after %i cuts of the watch', async (cuts) => {
  const deleted = Promise.withResolvers<void>()
  const { client, opened } = cutting(cluster.client, cuts)
  const name = `cut-${cuts}`
  const spec = { program: 'main.ts', workers: 1 }
  const record = recordRun({ client, env, name, namespace, spec, onDeleted: deleted.resolve })
  await record.created
  await cluster.client.delete(runs, { namespace, name })
  await deleted.promise
  expect(opened()).toBe(1)
  await record.close(undefined)
})

test("a watch through the cluster's thread goes on after its first events", async () => {
  await using thread = startClusterThread({ apiOnly: true })
  const names: (string | undefined)[] = []
  const seen = Promise.withResolvers<void>()
  const make = (name: string) =>
    thread.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } })
  const watch = thread.client.watch(
    configMaps,
    { namespace },
    {
      events(events) {
        names.push(...events.map(({ object }) => object.metadata.name))
        if (names.includes('third')) seen.resolve()
      },
      closed: (error) => seen.reject(error ?? new Error('The watch ended')),
    },
  )
  for (const name of ['first', 'second', 'third']) await make(name)
  await seen.promise
  expect(names.filter((name) => ['first', 'second', 'third'].includes(name ?? ''))).toEqual([
    'first',
    'second',
    'third',
  ])
  watch.close()
})
