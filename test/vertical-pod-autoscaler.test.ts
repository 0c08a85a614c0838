import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { CustomResourceDefinition } from '../src/api/generated/apiextensions-v1.ts'
import type { Deployment } from '../src/api/generated/apps-v1.ts'
import { customResourceDefinitions, deployments, events, pods } from '../src/api/generated/resources.ts'
import { verticalPodAutoscalers } from '../src/controllers/vertical-pod-autoscaler/resource.ts'
import type { VerticalPodAutoscaler } from '../src/controllers/vertical-pod-autoscaler/resource.ts'
import type { Client } from '../src/client/client.ts'
import { checkpoints } from '../src/controllers/vertical-pod-autoscaler/checkpoint.ts'
import type { Checkpoint } from '../src/controllers/vertical-pod-autoscaler/checkpoint.ts'
import { formatTime } from '../src/env/clock.ts'
import { createTestCluster, until } from '../src/testing/index.ts'

const manifest = new URL('../manifests/vertical-pod-autoscaler.yaml', import.meta.url)
const documents = parseAllDocuments(readFileSync(manifest, 'utf8'))
const definitions = documents.map((document) => document.toJS() as CustomResourceDefinition)

async function define(client: Client): Promise<void> {
  for (const definition of definitions) await client.create(customResourceDefinitions, definition)
  const isEstablished = ({ status }: CustomResourceDefinition) =>
    status?.conditions?.some(({ type }) => type === 'Established') === true
  await until(client, customResourceDefinitions, (all) => all.filter(isEstablished).length === definitions.length)
}

function deployment(name: string): Deployment {
  const labels = { app: name }
  const annotations = { 'simulated.shoal.dev/cpu-use': '100m', 'simulated.shoal.dev/memory-use': '1000Mi' }
  const resources = { requests: { cpu: '2', memory: '3Gi' }, limits: { cpu: '4', memory: '3Gi' } }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'default', name },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: 'main', image: 'app', resources }] },
      },
    },
  } as Deployment
}

function autoscaler(name: string, updateMode: 'Off' | 'InPlaceOrRecreate', kind = 'Deployment'): VerticalPodAutoscaler {
  return {
    apiVersion: 'autoscaling.k8s.io/v1',
    kind: 'VerticalPodAutoscaler',
    metadata: { namespace: 'default', name },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind, name },
      updatePolicy: { updateMode },
      // What is known of a minute has no upper bound yet: nobody would resize for it.
      resourcePolicy: { containerPolicies: [{ containerName: '*', maxAllowed: { cpu: '500m', memory: '2Gi' } }] },
    },
  }
}

test('what containers use becomes a recommendation, and where asked their requests, in place', async () => {
  await using cluster = await createTestCluster()
  const { client } = cluster
  await define(client)
  for (const name of ['watched', 'resized']) await client.create(deployments, deployment(name))
  await until(client, pods, (all) => all.filter(({ status }) => status?.phase === 'Running').length === 4)
  const before = (await client.list(pods)).items.map(({ metadata }) => metadata.uid).sort()
  await client.create(verticalPodAutoscalers, autoscaler('watched', 'Off'))
  await client.create(verticalPodAutoscalers, autoscaler('resized', 'InPlaceOrRecreate'))
  await client.create(verticalPodAutoscalers, autoscaler('missing', 'Off', 'StatefulSet'))

  const requestsOf = (name: string) => async () =>
    (await client.list(pods, { labelSelector: `app=${name}` })).items.map(({ spec }) => spec?.containers[0]?.resources)
  await until(client, verticalPodAutoscalers, (all) => {
    const [watched, missing] = ['watched', 'missing'].map((name) => all.find(({ metadata }) => metadata.name === name))
    const target = watched?.status?.recommendation?.containerRecommendations?.[0]?.target
    return target !== undefined && missing?.status?.conditions?.[0]?.type === 'ConfigUnsupported'
  })
  const { status } = await client.get(verticalPodAutoscalers, { namespace: 'default', name: 'watched' })
  const [recommendation] = status?.recommendation?.containerRecommendations ?? []
  const cpu = Number(recommendation?.target['cpu']?.replace('m', ''))
  // 100m and the margin of 15 %, and at the most a bucket more.
  expect(cpu).toBeGreaterThanOrEqual(115)
  expect(cpu).toBeLessThanOrEqual(130)

  await until(client, pods, (all) => {
    const resized = all.filter(({ metadata }) => metadata.labels?.['app'] === 'resized')
    return resized.every(({ spec }) => spec?.containers[0]?.resources?.requests?.['cpu'] === `${cpu}m`)
  })
  expect((await requestsOf('resized')())[0]?.limits?.['cpu']).toBe(`${2 * cpu}m`)
  expect((await requestsOf('watched')())[0]?.requests?.['cpu']).toBe('2')
  // Nothing was restarted: the same pods, with other requests.
  expect((await client.list(pods)).items.map(({ metadata }) => metadata.uid).sort()).toEqual(before)
  await until(client, events, (all) => all.some(({ reason }) => reason === 'InPlaceResizedByVPA'))
})

/** A week of 1.2 cores and 1 GB, as the recommender of the autoscaler project writes it. */
function remembered(nowMs: number): NonNullable<Checkpoint['status']> {
  const time = formatTime(nowMs)
  const histogram = (bucket: number) => ({
    referenceTimestamp: time,
    bucketWeights: { [bucket]: 10_000 },
    totalWeight: 9_000,
  })
  return {
    version: 'v3',
    cpuHistogram: histogram(40),
    memoryHistogram: histogram(36),
    firstSampleStart: formatTime(nowMs - 7 * 86_400_000),
    lastSampleStart: time,
    totalSamplesCount: 10_080,
  }
}

test('what was measured is written down, and what is written down counts after a restart', async () => {
  await using cluster = await createTestCluster()
  const { client } = cluster
  await define(client)
  await client.create(deployments, deployment('watched'))
  await until(client, pods, (all) => all.filter(({ status }) => status?.phase === 'Running').length === 2)
  await client.create(checkpoints, {
    apiVersion: 'autoscaling.k8s.io/v1',
    kind: 'VerticalPodAutoscalerCheckpoint',
    metadata: { namespace: 'default', name: 'watched-main' },
    spec: { vpaObjectName: 'watched', containerName: 'main' },
    status: remembered(cluster.now()),
  })
  await client.create(verticalPodAutoscalers, autoscaler('watched', 'Off'))
  await until(client, verticalPodAutoscalers, (all) => all.some(({ status }) => status?.recommendation !== undefined))
  const { status } = await client.get(verticalPodAutoscalers, { namespace: 'default', name: 'watched' })
  const { target, uncappedTarget } = status!.recommendation!.containerRecommendations![0]!
  // Pods use 0.1 cores now; bucket 40 of what is remembered ends at 1.3.
  expect(Number(uncappedTarget['cpu']?.replace('m', ''))).toBeGreaterThan(1_000)
  expect(target['cpu']).toBe('500m')
  await cluster.advance('2m')
  const written = await until(client, checkpoints, ([one]) => one?.status?.lastUpdateTime !== undefined)
  expect(written[0]?.status?.totalSamplesCount).toBeGreaterThan(10_000)
  expect(written[0]?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'VerticalPodAutoscaler', name: 'watched' })
})
