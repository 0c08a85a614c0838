import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCluster } from '../../src/cluster/cluster.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { defineRuns } from '../../src/compute/run/create-run.ts'
import { runs } from '../../src/compute/run/run.ts'
import type { Run, RunStatus } from '../../src/compute/run/run.ts'
import { HISTORY_LIMIT, LOST_MS, tidyRuns } from '../../src/compute/run/tidy-runs.ts'
import { formatTime } from '../../src/env/clock.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { until } from '../../src/testing/index.ts'

const env = systemEnvironment('error')
let cluster: Cluster

beforeAll(async () => {
  cluster = await createCluster({ env, apiOnly: true })
  await defineRuns(cluster.client)
  await until(cluster.client, runs, () => true).catch(() => {})
})
afterAll(() => cluster.close())

async function make(namespace: string, name: string, status: Partial<RunStatus>): Promise<void> {
  const { client } = cluster
  const run: Run = {
    apiVersion: 'shoal.dev/v1',
    kind: 'Run',
    metadata: { name, namespace },
    spec: { program: 'a.ts', workers: 1 },
  }
  await client.create(runs, run)
  await client.patch(runs, { namespace, name }, { type: 'merge', patch: { status } }, { subresource: 'status' })
}

const ago = (ms: number) => formatTime(env.clock.now() - ms)

test('a run whose driver has died is marked so, and one that lives is left alone', async () => {
  const namespace = 'default'
  await make(namespace, 'dead', { phase: 'Running', heartbeatTime: ago(LOST_MS + 5_000) })
  await make(namespace, 'alive', { phase: 'Running', heartbeatTime: ago(1_000) })
  await make(namespace, 'over', { phase: 'Succeeded', heartbeatTime: ago(LOST_MS * 10) })
  await tidyRuns({ client: cluster.client, env, namespace })
  const { items } = await cluster.client.list(runs, { namespace })
  expect(Object.fromEntries(items.map(({ metadata, status }) => [metadata.name, status?.phase]))).toEqual({
    dead: 'Failed',
    alive: 'Running',
    over: 'Succeeded',
  })
  expect(items.find(({ metadata }) => metadata.name === 'dead')?.status).toMatchObject({
    reason: 'DriverLost',
    message: expect.stringMatching(/^Its driver has not been heard of since /),
  })
})

test('the newest of what is over are kept, and all that still runs', async () => {
  const namespace = 'kube-public'
  await make(namespace, 'running', { phase: 'Running', heartbeatTime: ago(0) })
  for (let index = 0; index < HISTORY_LIMIT + 3; index++)
    await make(namespace, `run-${index}`, { phase: 'Succeeded', completionTime: ago((index + 1) * 10_000) })
  await tidyRuns({ client: cluster.client, env, namespace })
  const names = (await cluster.client.list(runs, { namespace })).items.map(({ metadata }) => metadata.name)
  expect(names).toHaveLength(HISTORY_LIMIT + 1)
  expect(names).toContain('running')
  expect(names).not.toContain(`run-${HISTORY_LIMIT}`)
  expect(names).toContain(`run-${HISTORY_LIMIT - 1}`)
})
