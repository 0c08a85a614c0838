import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Deployment } from '../src/api/generated/apps-v1.ts'
import type { HorizontalPodAutoscaler } from '../src/api/generated/autoscaling-v2.ts'
import type { Pod } from '../src/api/generated/core-v1.ts'
import { deployments, horizontalPodAutoscalers, pods } from '../src/api/generated/resources.ts'
import { formatKubeconfig } from '../src/client/kubeconfig.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import { createTestCluster, until } from '../src/testing/index.ts'
import { packagedClient } from './clients/packaged.ts'

const kubectl = packagedClient('kubectl')
const IMAGE = `node:${process.versions.node.split('.')[0]}`
const BURN = 'for (let end = Date.now() + 1e6; Date.now() < end; );'

function deployment(name: string, container: object, annotations: Readonly<Record<string, string>> = {}): Deployment {
  const labels = { app: name }
  const template = {
    metadata: { labels, annotations },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', ...container }] },
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'default', name },
    spec: { replicas: 1, selector: { matchLabels: labels }, template } as NonNullable<Deployment['spec']>,
  }
}

function autoscaler(name: string, averageUtilization: number): HorizontalPodAutoscaler {
  const target = { type: 'Utilization', averageUtilization }
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { namespace: 'default', name },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
    },
  }
}

test.skipIf(kubectl === undefined)('kubectl top shows what pods and nodes use', { timeout: 60_000 }, async () => {
  await using cluster = await createCluster()
  const endpoint = await cluster.listen()
  await cluster.ready
  const home = await mkdtemp(join(tmpdir(), 'measured-use-'))
  const config = join(home, 'config')
  writeFileSync(config, formatKubeconfig({ name: 'test', endpoint }))
  const run = promisify(execFile)
  const top = async (...args: string[]) =>
    (await run(kubectl ?? '', ['top', ...args, '--no-headers'], { env: { KUBECONFIG: config, HOME: home } })).stdout
  const metadata = { namespace: 'default', name: 'busy' }
  const container = { name: 'main', image: IMAGE, command: ['node', '-e', BURN] }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { terminationGracePeriodSeconds: 1, containers: [container] },
  }
  await cluster.client.create(pods, pod as Pod)
  await until(cluster.client, pods, (all) => all.some(({ status }) => status?.phase === 'Running'))
  // A second of work, so that it shows.
  for (let used = 0; used < 50;) {
    used = Number(/^busy\s+(\d+)m\s+[1-9]\d*Mi/m.exec(await top('pods'))?.[1] ?? 0)
  }
  expect(await top('pods', '--containers')).toMatch(/^busy\s+main\s+[1-9]\d*m\s+\d+Mi/m)
  expect(await top('nodes')).toMatch(/^node1\s+\d+m\s+\d+%\s+\d+Mi\s+\d+%/m)
  expect(
    (await run(kubectl ?? '', ['get', 'podmetrics'], { env: { KUBECONFIG: config, HOME: home } })).stdout,
  ).toContain('busy')
  await rm(home, { recursive: true })
})

test('an autoscaler raises replicas with the use that pods really have', { timeout: 120_000 }, async () => {
  await using cluster = await createTestCluster({ runtime: 'process' })
  const { client } = cluster
  const resources = { requests: { cpu: '100m' }, limits: { cpu: '300m' } }
  await client.create(deployments, deployment('burns', { image: IMAGE, command: ['node', '-e', BURN], resources }))
  await client.create(horizontalPodAutoscalers, autoscaler('burns', 50))
  await until(client, deployments, ([one]) => one?.spec?.replicas === 3, { deadlineMs: 90_000 })
  // Before something was measured there is a metric without a source, as in Kubernetes.
  const useOf = (one: HorizontalPodAutoscaler | undefined) =>
    one?.status?.currentMetrics?.[0]?.resource?.current.averageUtilization
  const [measured] = await until(client, horizontalPodAutoscalers, ([one]) => useOf(one) !== undefined)
  expect(useOf(measured)).toBeGreaterThan(50)
})
