import { expect, test } from 'vitest'
import type { Deployment } from '../src/api/generated/apps-v1.ts'
import type { Job } from '../src/api/generated/batch-v1.ts'
import { deployments, jobs, nodes, pods } from '../src/api/generated/resources.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import type { Environment } from '../src/env/environment.ts'
import { until } from '../src/testing/index.ts'
import { fasterEnvironment } from './settled/faster-environment.ts'

const HOUR_MS = 3_600_000
const WAIT = { namespace: 'default', deadlineMs: 30_000 }

/** A machine whose clock is set by somebody; what has passed, and timers, are as they were. */
function settableClock(): { readonly env: Environment; set(byMs: number): void } {
  const system = fasterEnvironment(8)
  let offsetMs = 0
  const clock = { now: () => system.clock.now() + offsetMs, monotonicMs: system.clock.monotonicMs }
  return { env: { ...system, clock }, set: (byMs) => void (offsetMs += byMs) }
}

const container = { name: 'main', image: 'node:24' }

const deployment = (replicas: number): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } },
  },
})

/** Its first pod fails; those after it wait for ten seconds by Kubernetes' rule. */
const failing = (name: string): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'default' },
  spec: {
    backoffLimit: 1,
    template: {
      metadata: { annotations: { 'simulated.shoal.dev/run-for': '10ms', 'simulated.shoal.dev/exit-code': '3' } },
      spec: { restartPolicy: 'Never', containers: [container] },
    },
  },
})

const hasFailed = (name: string) => (all: readonly Job[]) =>
  all.some(
    (one) => one.metadata.name === name && one.status?.conditions?.some(({ type }) => type === 'Failed') === true,
  )

test.each([
  ['an hour ahead', HOUR_MS],
  ['an hour back', -HOUR_MS],
])(
  'where the clock is set %s no node is lost, and what runs goes on',
  async (_name, byMs) => {
    const time = settableClock()
    await using cluster = await createCluster({ runtime: 'simulated', nodes: 2, env: time.env })
    await cluster.ready
    const { client } = cluster
    await client.create(deployments, deployment(2))
    await until(client, deployments, (all) => all.some(({ status }) => status?.availableReplicas === 2), WAIT)
    const before = (await client.list(pods, { namespace: 'default' })).items.map(({ metadata }) => metadata.uid)
    await client.create(jobs, failing('over-it'))
    await until(client, jobs, (all) => all.some(({ status }) => status?.failed === 1), WAIT)

    time.set(byMs)
    await until(client, jobs, hasFailed('over-it'), WAIT)
    await client.patch(
      deployments,
      { namespace: 'default', name: 'web' },
      { type: 'merge', patch: { spec: { replicas: 4 } } },
    )
    await until(client, deployments, (all) => all.some(({ status }) => status?.availableReplicas === 4), WAIT)
    await client.create(jobs, failing('after-it'))
    await until(client, jobs, hasFailed('after-it'), WAIT)

    const after = (await client.list(pods, { namespace: 'default' })).items.map(({ metadata }) => metadata.uid)
    expect(before.filter((uid) => !after.includes(uid))).toEqual([])
    const taints = (await client.list(nodes)).items.flatMap(({ spec }) => spec?.taints ?? [])
    expect(taints).toEqual([])
  },
  60_000,
)
