import type { Deployment } from '../../src/api/generated/apps-v1.ts'
import type { Job } from '../../src/api/generated/batch-v1.ts'
import { configMaps, deployments, jobs, namespaces } from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import type { ResourceType } from '../../src/api/resource-type.ts'
import type { Client } from '../../src/client/client.ts'
import { figure } from '../figures.ts'

/** How much there is of each, and what the first of them is held against. */
export interface Sizes {
  readonly nodes: number
  readonly pods: number
  /** Of ten pods each. */
  readonly jobs: number
  readonly objects: number
  readonly against?: { readonly target: number; readonly kubernetes: string }
}

type Print = (line: string) => void

const NAMESPACE = 'default'

/** What users wait for: a large Deployment that scales, rolls and goes, many Jobs, a full namespace that is deleted. */
export async function workloads(client: Client, sizes: Sizes, print: Print): Promise<void> {
  await deployment(client, sizes, print)
  await manyJobs(client, sizes.jobs, print)
  await namespace(client, sizes.objects, print)
}

async function deployment(client: Client, { nodes, pods, against }: Sizes, print: Print): Promise<void> {
  const name = 'many'
  const template = {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name: 'main', image: 'pause', resources: { requests: { cpu: '10m', memory: '8Mi' } } }] },
  }
  const spec = { replicas: 0, selector: { matchLabels: { app: name } }, template }
  const metadata = { name, namespace: NAMESPACE }
  await client.create(deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec })
  let least = 0
  const isReady = ({ status, metadata: { generation = 0 } }: Deployment) =>
    generation > least &&
    status?.observedGeneration === generation &&
    [status?.readyReplicas, status?.updatedReplicas, status?.replicas].every((count) => count === pods)
  const change = async (patch: object) => {
    least = (await client.get(deployments, metadata)).metadata.generation ?? 0
    const started = performance.now()
    const done = see(client, deployments, name, isReady)
    await client.patch(deployments, metadata, { type: 'strategic', patch: { spec: patch } })
    await done
    return since(started)
  }
  const scaled = await change({ replicas: pods })
  print(figure(`a Deployment from 0 to ${pods} pods on ${nodes} nodes, to Ready`, [scaled], 'ms', against))
  const env = [{ name: 'VERSION', value: '2' }]
  const rolled = await change({ template: { spec: { containers: [{ name: 'main', env }] } } })
  print(figure('  a rolling update of it', [rolled], 'ms'))
  const started = performance.now()
  const gone = new Promise<void>((resolve) => {
    const watch = client.watch(
      deployments,
      { namespace: NAMESPACE },
      {
        events: (events) => {
          if (!events.some(({ type }) => type === 'DELETED')) return
          watch.close()
          resolve()
        },
        closed: () => {},
      },
    )
  })
  await client.delete(deployments, metadata, { propagationPolicy: 'Foreground' })
  await gone
  print(figure('  its deletion, pods first', [since(started)], 'ms'))
}

async function manyJobs(client: Client, count: number, print: Print): Promise<void> {
  const annotations = { 'simulated.shoal.dev/run-for': '10ms' }
  const template = {
    metadata: { annotations },
    spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }] },
  }
  const started = performance.now()
  let complete = 0
  const done = Promise.withResolvers<void>()
  const seen = new Set<string>()
  const watch = client.watch(
    jobs,
    { namespace: NAMESPACE },
    {
      events: (events) => {
        for (const event of events) {
          const { status, metadata } = event.object as Job
          if (status?.completionTime === undefined || seen.has(metadata.name!)) continue
          seen.add(metadata.name!)
          if (++complete === count) done.resolve()
        }
      },
      closed: (error) =>
        done.reject(error ?? new Error('Cannot see the end: the watch was closed, expected it to last')),
    },
  )
  const make = (index: number) => {
    const spec = { completions: 10, parallelism: 10, template }
    const metadata = { name: `job-${index}`, namespace: NAMESPACE }
    return client.create(jobs, { apiVersion: 'batch/v1', kind: 'Job', metadata, spec })
  }
  await inBatches(count, make)
  await done.promise
  watch.close()
  print(figure(`${count} Jobs of ten pods, to Complete`, [since(started)], 'ms'))
}

async function namespace(client: Client, count: number, print: Print): Promise<void> {
  const name = 'full'
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  await inBatches(count, (index) => {
    const metadata = { name: `map-${index}`, namespace: name }
    return client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata })
  })
  const started = performance.now()
  const gone = Promise.withResolvers<void>()
  const watch = client.watch(
    namespaces,
    { fieldSelector: `metadata.name=${name}` },
    {
      events(events) {
        if (events.some(({ type }) => type === 'DELETED')) gone.resolve()
      },
      closed: (error) =>
        gone.reject(error ?? new Error('Cannot see the end: the watch was closed, expected it to last')),
    },
  )
  await client.delete(namespaces, { name })
  await gone.promise
  watch.close()
  print(figure(`a namespace with ${count} objects, to its end`, [since(started)], 'ms'))
}

async function inBatches(count: number, make: (index: number) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < count; start += 100) {
    await Promise.all(Array.from({ length: Math.min(100, count - start) }, (_, i) => make(start + i)))
  }
}

function see<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  name: string,
  isSo: (object: T) => boolean,
): Promise<void> {
  const seen = Promise.withResolvers<void>()
  const options = { namespace: NAMESPACE, fieldSelector: `metadata.name=${name}` }
  const watch = client.watch(type, options, {
    events: (events) => {
      if (events.some((event) => event.type !== 'BOOKMARK' && isSo(event.object as T))) seen.resolve()
    },
    closed: (error) => seen.reject(error ?? new Error('Cannot see the end: the watch was closed, expected it to last')),
  })
  return seen.promise.finally(() => watch.close())
}

function since(started: number): number {
  return performance.now() - started
}
