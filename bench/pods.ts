import type { Job } from '../src/api/generated/batch-v1.ts'
import type { Pod, PodSpec } from '../src/api/generated/core-v1.ts'
import { jobs, pods, serviceAccounts } from '../src/api/generated/resources.ts'
import type { KubeObject } from '../src/api/object.ts'
import type { ResourceType } from '../src/api/resource-type.ts'
import type { Client } from '../src/client/client.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import type { Cluster } from '../src/cluster/cluster.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { createProcessRuntime } from '../src/runtime/process/process-runtime.ts'
import type { ContainerSpec, Runtime, SandboxSpec } from '../src/runtime/runtime.ts'
import { figure } from './figures.ts'

const env = systemEnvironment('error')
const namespace = 'default'
export const IMAGE = `node:${process.versions.node.split('.')[0]}`
export const SH = ['sh', '-c', 'echo $JOB_COMPLETION_INDEX']
const NODE = ['node', '-e', 'console.log(process.env.JOB_COMPLETION_INDEX)']

/** How soon pods run: in a cluster from the API on, and in the runtime alone in each way of giving them addresses. */
export async function run(print: (line: string) => void): Promise<void> {
  await inNewClusters(print)
  await inWarmCluster(print)
  for (const network of ['namespace', 'loopback', 'none'] as const) await inRuntime(network, print)
}

async function inNewClusters(print: (line: string) => void): Promise<void> {
  const kubernetes = '5,300 ms'
  const waited = await firstPods((cluster) => cluster.ready)
  print(figure('a new cluster: from its start over ready to a first pod Ready', waited, 'ms', { kubernetes }))
  // Pods need the namespace's own account, as in any cluster.
  const early = await firstPods(({ client }) => see(client, serviceAccounts, 'default', () => true))
  print(figure('  with the pod created as soon as the API takes it', early, 'ms', { kubernetes }))
}

async function firstPods(until: (cluster: Cluster) => Promise<void>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const started = performance.now()
    await using cluster = await createCluster({ env })
    await until(cluster)
    times.push(await running(cluster.client, 'first', () => performance.now() - started))
  }
  return times
}

async function inWarmCluster(print: (line: string) => void): Promise<void> {
  await using cluster = await createCluster({ env })
  const { client } = cluster
  await cluster.ready
  await job(client, 'warm-up', SH)
  const single: number[] = []
  for (let i = 0; i < 40; i++) {
    const started = performance.now()
    single.push(await running(client, `pod-${i}`, () => performance.now() - started))
    await client.delete(pods, { namespace, name: `pod-${i}` }, { gracePeriodSeconds: 0 })
  }
  print(figure('a pod: from its creation to Ready', single, 'ms', { target: 80, kubernetes: '1,000 ms' }))
  const sorted = single.toSorted((a, b) => a - b)
  print(figure('  99th percentile of 40', [sorted[39] ?? 0], 'ms'))
  for (const [name, command] of [
    ['sh', SH],
    ['node', NODE],
  ] as const) {
    const runs: number[] = []
    for (let i = 0; i < 5; i++) runs.push(await job(client, `${name}-${i}`, command))
    const what = `an Indexed Job of ten pods of ${name}, to Complete`
    print(figure(what, runs, 'ms', { target: 600, kubernetes: '5,200 ms' }))
  }
  const many = await job(client, 'fifty', SH, 50)
  print(figure('an Indexed Job of fifty pods of sh, to Complete', [many], 'ms'))
}

/** Creates a pod that stays, and gives what `measure` says when it is Ready. */
export async function running(client: Client, name: string, measure: () => number): Promise<number> {
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: podSpec(['sleep', '600']) }
  const isReady = ({ status }: Pod) =>
    status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true
  await see(client, pods, name, isReady, () => client.create(pods, pod))
  return measure()
}

/** The milliseconds from the creation of the Job to its condition Complete. */
export async function job(client: Client, name: string, command: readonly string[], count = 10): Promise<number> {
  const started = performance.now()
  const template = { spec: { ...podSpec(command), restartPolicy: 'Never' } }
  const spec = { completionMode: 'Indexed', completions: count, parallelism: count, template }
  const object: Job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace }, spec }
  const isComplete = ({ status }: Job) => status?.conditions?.some(({ type }) => type === 'Complete') === true
  await see(client, jobs, name, isComplete, () => client.create(jobs, object))
  return performance.now() - started
}

function podSpec(command: readonly string[]): PodSpec {
  const resources = { requests: { cpu: '10m', memory: '8Mi' } }
  return {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: IMAGE, command: [...command], resources }],
  }
}

/** Resolves when the object of that name, which `create` makes or somebody else does, is as wanted. */
async function see<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  name: string,
  isSo: (object: T) => boolean,
  create?: () => Promise<unknown>,
): Promise<void> {
  const seen = Promise.withResolvers<void>()
  const options = { namespace, fieldSelector: `metadata.name=${name}` }
  const watch = client.watch(type, options, {
    events: (events) => {
      if (events.some((event) => event.type !== 'BOOKMARK' && isSo(event.object as T))) seen.resolve()
    },
    closed: (error) => seen.reject(error ?? new Error('Cannot see the end: the watch was closed, expected it to last')),
  })
  await create?.()
  await seen.promise
  watch.close()
}

async function inRuntime(network: 'namespace' | 'loopback' | 'none', print: (line: string) => void): Promise<void> {
  const started = performance.now()
  const runtime = createProcessRuntime({ environment: env, network })
  try {
    const stayed = await whole(runtime, 'first', SH)
    print(
      figure(`runtime alone, network ${network}: start to the end of a first pod`, [performance.now() - started], 'ms'),
    )
    const runs = [stayed]
    for (let i = 0; i < 20; i++) runs.push(await whole(runtime, `warm-${i}`, SH))
    print(figure('  a pod of sh, from nothing to nothing', runs.slice(1), 'ms'))
    const at = performance.now()
    await Promise.all(Array.from({ length: 50 }, (_, i) => whole(runtime, `many-${i}`, SH)))
    print(figure('  fifty of them at once', [performance.now() - at], 'ms'))
  } catch (error) {
    print(`runtime alone, network ${network}: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    await runtime.close()
  }
}

/** The milliseconds that a pod takes from the start of its surroundings until nothing of it is left. */
async function whole(runtime: Runtime, name: string, command: readonly string[]): Promise<number> {
  const started = performance.now()
  const sandbox = await runtime.startSandbox(sandboxSpec(name))
  const id = await runtime.createContainer(sandbox.id, containerSpec(command))
  const ended = Promise.withResolvers<void>()
  const stop = runtime.onChange((status) => {
    if (status.id === id && status.state.phase === 'exited') ended.resolve()
  })
  await runtime.startContainer(id)
  await ended.promise
  stop()
  await runtime.stopSandbox(sandbox.id)
  await runtime.removeSandbox(sandbox.id)
  return performance.now() - started
}

export function sandboxSpec(name: string): SandboxSpec {
  return {
    namespace,
    name,
    uid: name,
    attempt: 0,
    hostname: name,
    hostNetwork: false,
    labels: {},
    annotations: {},
    ports: [],
    dns: { servers: [], searches: [] },
    hostAliases: [],
    limits: {},
  }
}

export function containerSpec(command: readonly string[]): ContainerSpec {
  return {
    name: 'main',
    attempt: 0,
    image: IMAGE,
    command,
    env: {},
    mounts: [],
    limits: { cpuRequestMillis: 10 },
    stdin: false,
    tty: false,
    security: {},
  }
}
