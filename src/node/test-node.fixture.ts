import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { ConfigMap, Container, Event, Node, Pod, PodSpec } from '../api/generated/core-v1.ts'
import { configMaps, events, pods, serviceAccounts } from '../api/generated/resources.ts'
import type { KubeObject, ObjectKey } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import { createApiServer } from '../apiserver/api-server.ts'
import { createServiceAccountTokens } from '../apiserver/authn/service-account-tokens.ts'
import { installPolicy } from '../apiserver/authz/install-policy.ts'
import { createAuthorizers } from '../apiserver/authz/authorizers.ts'
import { createDirectClient } from '../apiserver/direct-client.ts'
import type { Client, WatchEvent } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { systemEnvironment } from '../env/system.ts'
import { openClusterIdentity } from '../identity/key-files.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { createSimulatedRuntime } from '../runtime/simulated/simulated-runtime.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { startNodeAgent } from './node-agent.ts'
import type { NodeAgent } from './node-agent.ts'
import type { EvictionThresholds } from './eviction/thresholds.ts'
import type { MachineUsage } from './usage/machine-usage.ts'
import { createPodFiles } from './pod-files.ts'
import type { PodFiles } from './pod-files.ts'

/** A node at work on a real API server in memory, with the rights that a node has and no more. */
export interface TestNode extends AsyncDisposable {
  readonly env: Environment
  /** Sets the wall clock forward or back, as somebody sets a machine's. */
  setClock(byMs: number): void
  /** The longest delay that a timer was made with. */
  longestTimerMs(): number
  readonly agent: NodeAgent
  readonly client: Client
  readonly runtime: Runtime
  readonly files: PodFiles
  /** Acts as the node. */
  readonly nodeClient: Client
  /** Where the agent keeps the files of pods. */
  readonly directory: string
  /** Creates a pod that is bound to the node, as if a scheduler had bound it. */
  run(name: string, spec: Partial<PodSpec> & Pick<PodSpec, 'containers'>, metadata?: Pod['metadata']): Promise<Pod>
  /** Resolves to the object as soon as it is as `isSo` says; `undefined` stands for one that is not there. */
  until<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    isSo: (object: T | undefined) => boolean,
  ): Promise<T | undefined>
  untilPod(name: string, isSo: (pod: Pod) => boolean): Promise<Pod>
  untilGone(name: string): Promise<void>
  /** Resolves when an event of that reason about the pod is written. */
  untilEvent(name: string, reason: string): Promise<void>
  /** How many times faster than the machine's the node's clock goes. */
  readonly speed: number
  /** Resolves when the events that were recorded up to now are written. */
  eventsWritten(): Promise<void>
  /** `type reason count message` of all events about the pod, once all of them are written. */
  eventsOf(name: string): Promise<readonly string[]>
  log(name: string, container?: string, options?: Parameters<NodeAgent['logs']>[2]): Promise<string>
  /** Another agent for the same node, after the first was closed. */
  restartAgent(): Promise<NodeAgent>
}

export interface TestNodeOptions {
  readonly runtime?: 'process' | 'simulated'
  /** How many times faster than the machine's the clock goes. Default 1. */
  readonly speed?: number
  readonly capacity?: Parameters<typeof createSimulatedRuntime>[0]['capacity']
  /** What the node's machine has in use; without it nothing is evicted. */
  readonly machine?: () => Promise<MachineUsage>
  readonly eviction?: EvictionThresholds
}

export const NODE_IMAGE = `node:${process.versions.node.split('.')[0]}`
export const phaseIs = (phase: string) => (pod: Pod) => pod.status?.phase === phase
export const isReady = (pod: Pod) =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

/** A container that runs `script` in a shell. */
export function shell(script: string, more: Partial<Container> = {}): Container {
  return { name: 'main', image: NODE_IMAGE, command: ['sh', '-c', script], ...more }
}

export async function startTestNode(options: TestNodeOptions = {}): Promise<TestNode> {
  const { environment: env, setClock, longestTimerMs } = testEnvironment(options.speed ?? 1)
  const store = createMemoryStore(env)
  const authorizer = createAuthorizers(store)
  const identity = openClusterIdentity(env)
  const tokens = createServiceAccountTokens(env, () => identity.serviceAccountKey)
  const server = await createApiServer({ environment: env, store, authorizer, tokens })
  await installPolicy(store, server.registry, env)
  const client = createDirectClient(server, { user: { name: 'admin', groups: ['system:masters'] } })
  const groups = ['system:nodes', 'system:authenticated']
  const nodeClient = createDirectClient(server, { user: { name: 'system:node:node1', groups } })
  await client.create(serviceAccounts, object('ServiceAccount', 'default'))
  await client.create(configMaps, {
    ...object('ConfigMap', 'kube-root-ca.crt'),
    data: { 'ca.crt': 'PEM' },
  } as ConfigMap)
  const directory = await mkdtemp(path.join(os.tmpdir(), 'shoal-node-test-'))
  const runtime = await runtimeOf(options, env, directory)
  const files = createPodFiles(path.join(directory, 'pods'))
  const facts = { name: 'node1', hostIp: '127.0.0.1', labels: {}, ...MACHINE }
  const { machine, eviction } = options
  const measured = { ...(machine && { machine }), ...(eviction && { eviction }) }
  const start = () => startNodeAgent({ env, client: nodeClient, runtime, files, facts, ...measured })
  const agent = start()
  await agent.ready
  const opened: NodeAgent[] = [agent]
  const eventsWritten = () => opened.at(-1)!.flushEvents()
  const until: TestNode['until'] = async (type, key, isSo) => {
    const scope = key.namespace === undefined ? {} : { namespace: key.namespace }
    const { items } = await client.list(type, scope)
    if (!items.some(({ metadata }) => metadata.name === key.name) && isSo(undefined)) return undefined
    let gone = false
    const seen = await waitFor(client, type, scope, (object, isGone) => {
      gone = isGone
      return object.metadata.name === key.name && isSo(isGone ? undefined : object)
    })
    return gone ? undefined : seen
  }
  return {
    env,
    setClock,
    longestTimerMs,
    agent,
    client,
    runtime,
    files,
    nodeClient,
    directory,
    until,
    async run(name, spec, metadata = {}) {
      const created = { ...object('Pod', name, metadata), spec: { nodeName: 'node1', ...spec } }
      return await client.create(pods, created as Pod)
    },
    untilPod: async (name, isSo) => (await until(pods, at(name), (pod) => pod !== undefined && isSo(pod)))!,
    untilGone: async (name) => void (await until(pods, at(name), (pod) => pod === undefined)),
    async untilEvent(name, reason) {
      const isIt = (event: Event) => event.involvedObject.name === name && event.reason === reason
      await waitFor(client, events, { namespace: 'default' }, isIt)
    },
    speed: options.speed ?? 1,
    eventsWritten,
    async eventsOf(name) {
      await eventsWritten()
      return await eventsAbout(client, name)
    },
    async log(name, container = 'main', logOptions = {}) {
      const { uid = '' } = (await client.get(pods, at(name))).metadata
      const chunks = await Array.fromAsync(await opened.at(-1)!.logs({ ...at(name), uid }, container, logOptions))
      return Buffer.concat(chunks).toString()
    },
    async restartAgent() {
      const next = start()
      await next.ready
      opened.push(next)
      return next
    },
    async [Symbol.asyncDispose]() {
      for (const each of opened) await each.close()
      await runtime.close()
      await server[Symbol.asyncDispose]()
      authorizer[Symbol.dispose]()
      await store.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const MACHINE = { platform: 'linux', architecture: 'x64', kernelVersion: '6.1.0', osImage: 'Linux', bootId: '' }
const at = (name: string) => ({ namespace: 'default', name })

function object(kind: string, name: string, metadata: Node['metadata'] = {}): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { ...metadata, name, namespace: 'default' } }
}

async function runtimeOf(
  { runtime, capacity }: TestNodeOptions,
  environment: Environment,
  directory: string,
): Promise<Runtime> {
  if (runtime === 'process') {
    const { createProcessRuntime } = await import('../runtime/process/process-runtime.ts')
    return createProcessRuntime({ environment, directory: path.join(directory, 'runtime') })
  }
  return createSimulatedRuntime({ environment, ...(capacity !== undefined && { capacity }) })
}

/** The machine's own time, sped up: what Kubernetes waits 10 s for happens within 10 ms at 1000. Its clock can be set. */
function testEnvironment(speed: number) {
  const system = systemEnvironment('error')
  const startMs = system.clock.now()
  const startMonotonicMs = system.clock.monotonicMs()
  const elapsedMs = () => (system.clock.monotonicMs() - startMonotonicMs) * speed
  const wallMs = () => (speed === 1 ? system.clock.now() : Math.floor(startMs + elapsedMs()))
  let jumpMs = 0
  let longestMs = 0
  const environment: Environment = {
    ...system,
    clock: {
      now: () => wallMs() + jumpMs,
      monotonicMs: speed === 1 ? system.clock.monotonicMs : elapsedMs,
    },
    timers: {
      ...system.timers,
      after(delayMs, action, how) {
        longestMs = Math.max(longestMs, delayMs)
        return system.timers.after(delayMs / speed, action, how)
      },
    },
  }
  const setClock = (byMs: number) => void (jumpMs += byMs)
  return { environment, setClock, longestTimerMs: () => longestMs }
}

/** Resolves to the first object of the namespace that satisfies `isIt`, which is also called for each that goes. */
async function waitFor<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  scope: { readonly namespace?: string },
  isIt: (object: T, isGone: boolean) => boolean,
): Promise<T> {
  const list = await client.list(type, scope)
  const found = list.items.find((object) => isIt(object, false))
  if (found !== undefined) return found
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const see = (batch: readonly WatchEvent<T>[]) => {
    for (const event of batch) {
      if (event.type !== 'BOOKMARK' && isIt(event.object, event.type === 'DELETED')) resolve(event.object)
    }
  }
  const { resourceVersion = '' } = list.metadata
  const closed = (error?: Error) => reject(error ?? new Error('the watch ended'))
  const watch = client.watch(type, { ...scope, resourceVersion }, { events: see, closed })
  return await promise.finally(() => watch.close())
}

async function eventsAbout(client: Client, name: string): Promise<readonly string[]> {
  const { items } = await client.list<Event>(events, { namespace: 'default' })
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ type, reason, count, message }) => `${type} ${reason} ${count} ${message}`)
}
