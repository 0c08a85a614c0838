import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import type { Deployment } from '../../src/api/generated/apps-v1.ts'
import { deployments, events, pods } from '../../src/api/generated/resources.ts'
import type { Client } from '../../src/client/client.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import { systemEnvironment } from '../../src/env/system.ts'

/** A span of the cluster's life, as its process saw it. */
export interface Span {
  /** Of one core. */
  readonly cpuPercent: number
  readonly delayP99Ms: number
  readonly delayMaxMs: number
  readonly rssMb: number
  /** Changes that were made in each second. */
  readonly perSecond: number
}

export interface LargeCluster {
  readonly pods: number
  readonly nodesReadyMs: number
  readonly podsReadyMs: number
  readonly events: number
  readonly heapMb: number
  readonly rest: Span
  readonly patched: Span
  readonly replaced: Span
}

const [NODES = 100, PODS = 1000, SECONDS = 20] = process.argv.slice(2).map(Number)
const AT_REST_MS = 20_000
const DEPLOYMENTS = 50
const NAMESPACE = 'default'
const CHANGES_A_SECOND = 100
/** Of a histogram of delays: less than this is a timer that is on time. */
const RESOLUTION_MS = 5

const dataDirectory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
const awake = setInterval(() => {}, 1000)
try {
  console.log(JSON.stringify(await measure()))
} finally {
  clearInterval(awake)
  rmSync(dataDirectory, { recursive: true, force: true })
}

async function measure(): Promise<LargeCluster> {
  const began = performance.now()
  const env = systemEnvironment('error')
  await using cluster = await createCluster({ env, dataDirectory, nodes: NODES, runtime: 'simulated' })
  await cluster.ready
  const nodesReadyMs = performance.now() - began
  const { client } = cluster
  const started = performance.now()
  const ready = allReady(client)
  for (let i = 0; i < DEPLOYMENTS; i++) await client.create(deployments, deployment(i))
  await ready
  const podsReadyMs = performance.now() - started
  await settled(client)
  const rest = await span(undefined)
  const { items } = await client.list(pods, { namespace: NAMESPACE })
  const names = items.map(({ metadata }) => metadata.name ?? '')
  let next = 0
  const nextPod = () => ({ namespace: NAMESPACE, name: names[(next += 7919) % names.length] ?? '' })
  const patched = await span(() => {
    const patch = { metadata: { annotations: { changed: String(next) } } }
    return client.patch(pods, nextPod(), { type: 'merge', patch })
  })
  const replaced = await span(() => client.delete(pods, nextPod()))
  const written = await client.list(events, { limit: 1 })
  const count = written.items.length + (written.metadata.remainingItemCount ?? 0)
  const heapMb = getHeapStatistics().used_heap_size / 1e6
  return { pods: names.length, nodesReadyMs, podsReadyMs, events: count, heapMb, rest, patched, replaced }
}

function deployment(index: number): Deployment {
  const name = `many-${index}`
  const labels = { app: name }
  const resources = { requests: { cpu: '10m', memory: '8Mi' } }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'pause', resources }] } }
  const spec = { replicas: Math.ceil(PODS / DEPLOYMENTS), selector: { matchLabels: labels }, template }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: NAMESPACE }, spec }
}

/** Resolves when every Deployment says that all its pods are Ready. */
function allReady(client: Client): Promise<void> {
  const done = Promise.withResolvers<void>()
  const readyOnes = new Set<string>()
  const watch = client.watch(
    deployments,
    { namespace: NAMESPACE },
    {
      events(changes) {
        for (const { object } of changes) {
          const { metadata, spec, status } = object as Deployment
          if (status?.readyReplicas !== undefined && status.readyReplicas === spec?.replicas)
            readyOnes.add(metadata.name!)
        }
        if (readyOnes.size === DEPLOYMENTS) done.resolve()
      },
      closed: (error) =>
        done.reject(error ?? new Error('Cannot see the end: the watch was closed, expected it to last')),
    },
  )
  return done.promise.finally(() => watch.close())
}

/** Waits until nothing is written any more but heartbeats: events come last. */
async function settled(client: Client): Promise<void> {
  let before = -1
  for (;;) {
    const { items, metadata } = await client.list(events, { limit: 1 })
    const now = items.length + (metadata.remainingItemCount ?? 0)
    if (now === before) return sleep(AT_REST_MS)
    before = now
    await sleep(2_000)
  }
}

/** Looks on for a while, with or without changes. */
async function span(change: (() => Promise<unknown>) | undefined): Promise<Span> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  const started = performance.now()
  const before = process.cpuUsage()
  histogram.enable()
  let made = 0
  while (performance.now() - started < SECONDS * 1000) {
    for (; change !== undefined && made < ((performance.now() - started) / 1000) * CHANGES_A_SECOND; made++)
      // A pod may be gone by now; what was asked for is counted.
      change().catch(() => undefined)
    await sleep(10)
  }
  histogram.disable()
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)
  return {
    cpuPercent: ((user + system) / 1e6 / seconds) * 100,
    delayP99Ms: histogram.percentile(99) / 1e6 - RESOLUTION_MS,
    delayMaxMs: histogram.max / 1e6 - RESOLUTION_MS,
    rssMb: process.memoryUsage().rss / 1e6,
    perSecond: made / seconds,
  }
}
