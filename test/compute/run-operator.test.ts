import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobs } from '../../src/api/generated/resources.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { runController } from '../../src/cli/operator/run-controller.ts'
import { createRun, defineRuns } from '../../src/compute/run/create-run.ts'
import { runs } from '../../src/compute/run/run.ts'
import type { RunSpec } from '../../src/compute/run/run.ts'
import { submitRun } from '../../src/compute/submit/submit-run.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { startManager } from '../../src/reconcile/manager.ts'
import type { Manager } from '../../src/reconcile/manager.ts'
import { until } from '../../src/testing/index.ts'

const env = systemEnvironment('error')
const namespace = 'default'
let cluster: Cluster
let operator: Manager

beforeAll(async () => {
  cluster = await createCluster({ env, apiOnly: true })
  await defineRuns(cluster.client)
  // Served a moment after it was defined.
  const spec: RunSpec = { program: 'first.ts', workers: 1 }
  await createRun(
    { client: cluster.client, env },
    { apiVersion: 'shoal.dev/v1', kind: 'Run', metadata: { name: 'first', namespace }, spec },
  )
  operator = startManager({ env, clientFor: () => cluster.client, controllers: [runController] })
  await operator.ready
})
afterAll(async () => {
  await operator.close()
  await cluster.close()
})

const phaseOf = async (name: string) => (await cluster.client.get(runs, { namespace, name })).status?.phase

test('our operator starts the driver of a run that was submitted, again where its Job is gone, and tells of its end', async () => {
  const { client } = cluster
  const name = 'nightly'
  await submitRun({
    client,
    env,
    namespace,
    name,
    spec: { program: 'main.ts', workers: 1 },
    driver: { image: 'node:24' },
    program: new Uint8Array(10),
  })
  const isThere = () =>
    until(client, jobs, (all) => all.some(({ metadata }) => metadata.name === 'nightly-driver'), { namespace })
  await isThere()
  await expect.poll(() => phaseOf(name)).toBe('Pending')
  await client.delete(jobs, { namespace, name: 'nightly-driver' }, { propagationPolicy: 'Background' })
  await isThere()
  const at = '2026-01-01T00:00:00Z'
  const conditions = ['FailureTarget', 'Failed'].map((type) => ({
    type,
    status: 'True',
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
    lastTransitionTime: at,
    lastProbeTime: at,
  }))
  const patch = { status: { startTime: at, conditions } }
  await client.patch(jobs, { namespace, name: 'nightly-driver' }, { type: 'merge', patch }, { subresource: 'status' })
  await expect.poll(() => phaseOf(name)).toBe('Failed')
  const { status } = await client.get(runs, { namespace, name })
  expect(status).toMatchObject({ reason: 'DriverFailed', message: expect.stringContaining('specified backoff limit') })
})

test('a run is submitted once under its name', async () => {
  const again = {
    client: cluster.client,
    env,
    namespace,
    name: 'first',
    spec: { program: 'main.ts', workers: 1 },
    driver: { image: 'node:24' },
    program: new Uint8Array(10),
  }
  await expect(submitRun(again)).rejects.toMatchObject({
    code: 'SHOAL_RUN_EXISTS',
    message: expect.stringContaining('"first"'),
  })
})
