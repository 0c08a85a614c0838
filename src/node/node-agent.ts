import type { Node, Pod } from '../api/generated/core-v1.ts'
import { nodes, pods } from '../api/generated/resources.ts'
import { apiError } from '../api/meta/status.ts'
import { keyOf } from '../api/object.ts'
import type { Client, LogOptions } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { createInformer } from '../informer/informer.ts'
import { whenSynced } from '../informer/synced.ts'
import { createEventRecorder } from '../reconcile/event-recorder.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { adopt, findRemains, keepClearing } from './adoption.ts'
import type { Remains } from './adoption.ts'
import { refusalOf } from './admission.ts'
import type { Refusal } from './admission.ts'
import { containerLogs } from './container-logs.ts'
import { recordOfEarlierLife } from './earlier-life.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { NodeContext, NodeNetwork } from './node-context.ts'
import { createNodeReports } from './node-reports.ts'
import type { NodeReports } from './node-reports.ts'
import type { EvictionOptions } from './eviction/eviction.ts'
import type { EvictionThresholds } from './eviction/thresholds.ts'
import { watchPressure } from './eviction/watch-pressure.ts'
import type { PressureWatch } from './eviction/watch-pressure.ts'
import type { PodFiles } from './pod-files.ts'
import { tell } from './pod-events.ts'
import type { PodRecord } from './pod-record.ts'
import { createPodStreams } from './pod-streams.ts'
import type { PodName, PodStreams } from './pod-streams.ts'
import { startPodWorker } from './pod-worker.ts'
import type { PodWorker } from './pod-worker.ts'
import { nodeObject, register } from './registration.ts'
import { asGranted } from './resize-step.ts'
import type { NodeFacts, Pressures } from './registration.ts'
import type { MachineUsage } from './usage/machine-usage.ts'
import { createSourceWatch } from './volumes/source-watch.ts'

/** How long closing and flushing wait for events that are still to be written, in milliseconds. */
const FLUSH_MS = 1_000

export interface NodeAgentOptions {
  readonly env: Environment
  /** Acts as `system:node:<name>` in the group `system:nodes`. */
  readonly client: Client
  readonly runtime: Runtime
  readonly files: PodFiles
  /** What the node says of itself; `capacity` is asked of the runtime. */
  readonly facts: Omit<NodeFacts, 'capacity'>
  /** Stretches heartbeats; whoever watches over nodes has to wait as much longer. Default 1. */
  readonly heartbeatPace?: number
  /** Measures the machine; absent where nodes only seem to have one. */
  readonly machine?: () => Promise<MachineUsage>
  /** When pods have to go because the machine is short of memory or disk; default near the kubelet's. */
  readonly eviction?: EvictionThresholds
  /** Where the cluster has no network agents of its own: pods that end are first left by Services. */
  readonly network?: NodeNetwork
}

/** A node at work: runs the pods that are bound to it, and tells the API how they are. */
export interface NodeAgent extends AsyncDisposable, PodStreams, NodeReports {
  readonly name: string
  /** Resolves when the node is registered and knows its pods. */
  readonly ready: Promise<void>
  /** Whether there is something of the pod with that uid. */
  has(uid: string): boolean
  /** A container's log. Rejects with an ApiError where there is no such pod or container. */
  logs(
    pod: { namespace: string; name: string; uid: string },
    container: string,
    options: LogOptions,
  ): Promise<AsyncIterable<Uint8Array>>
  /** Resolves when the events of now are written, or cannot be in time. */
  flushEvents(): Promise<void>
  /** Ends the agent and its pods' containers; their objects stay as they are. The runtime stays open. */
  close(): Promise<void>
}

/** Starts the agent of one node, a plain client of the API: it joins any API server. */
export function startNodeAgent(options: NodeAgentOptions): NodeAgent {
  const { env, client, runtime, facts } = options
  const workers = new Map<string, PodWorker>()
  let node: Node | undefined
  let remains: Remains | undefined
  const context = contextOf(options, workers, () => node)
  const reports = createNodeReports(context, workers, options.machine)
  const { events } = context
  const closers: (() => void)[] = []
  const ready = start()
  ready.catch((error: unknown) => env.log.error('a node did not start', { node: facts.name, error }))

  async function start(): Promise<void> {
    const capacity = await runtime.capacity()
    node = await register(env, client, nodeObject({ ...facts, capacity }, runtime, env.clock.now()))
    const known = node
    const warn = (reason: string, message: string) =>
      events.record({ about: node ?? known, type: 'Warning', reason, message })
    const pressure = openPressure(options, workers, { ...reports, warn }, () => heartbeat.report())
    const heartbeat = startHeartbeat(env, client, node, options.heartbeatPace, pressure.now)
    // Others label the node and change its taints and allocatable: its pods are admitted by what it is now.
    const self = createInformer(env, client, nodes, { fieldSelector: `metadata.name=${facts.name}` })
    const informer = createInformer(env, client, pods, { fieldSelector: `spec.nodeName=${facts.name}` })
    closers.push(
      () => heartbeat.close(),
      () => pressure.close(),
      runtime.onChange(changed),
      () => self.close(),
      () => informer.close(),
    )
    const become = (now: Node) => (node = now)
    self.listen({ added: become, updated: become, deleted: () => {} })
    const refresh = async () => become(await client.get(nodes, { name: facts.name }))
    const podNow = (pod: Pod) => informer.get(keyOf(pod))
    const view: NodeView = { now: () => node ?? known, pressures: pressure.now, refresh, podNow }
    const left = (remains = await findRemains(runtime))
    const see = (pod: Pod) => adoptPod(context, left, workers, pod) || seePod(context, view, workers, pod)
    informer.listen({ added: see, updated: see, deleted: (pod) => workers.get(uidOf(pod))?.update(undefined) })
    for (const { reason, message } of runtime.limitations())
      events.record({ about: known, type: 'Warning', reason, message })
    await whenSynced(env, [self, informer])
    closers.push(keepClearing(left, context))
  }

  function changed(status: Parameters<PodWorker['containerChanged']>[0]): void {
    workers.get(status.podUid)?.containerChanged(status)
  }

  const flushEvents = () => events.flush(FLUSH_MS)
  const close = async () => {
    await ready.catch(() => {})
    for (const closer of closers) closer()
    await Promise.all([...workers.values()].map((worker) => worker.close()))
    context.sources.close()
    await flushEvents()
  }

  return {
    ...reports,
    ...createPodStreams(runtime, (pod) => workerOf(workers, pod)),
    name: facts.name,
    ready,
    has: (uid) => workers.has(uid) || remains?.has(uid) === true,
    logs: async (pod, container, logOptions) =>
      await containerLogs(runtime, requireWorker(workers, pod), container, logOptions, env.clock.now()),
    flushEvents,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Simulated machines are never short of anything. */
function openPressure(
  { env, runtime, machine, eviction }: NodeAgentOptions,
  workers: ReadonlyMap<string, PodWorker>,
  { usage, warn }: Pick<EvictionOptions, 'usage' | 'warn'>,
  report: () => Promise<void>,
): PressureWatch {
  if (machine === undefined) return { now: () => new Set(), close: () => {} }
  const all = () => [...workers.values()]
  const changed = () => void report().catch((error: unknown) => env.log.warn('a pressure was not told of', { error }))
  return watchPressure({ env, runtime, machine, usage, warn, workers: all, thresholds: eviction, changed })
}

function contextOf(
  { env, client, runtime, files, facts, network }: NodeAgentOptions,
  workers: ReadonlyMap<string, PodWorker>,
  node: () => Node | undefined,
): NodeContext {
  return {
    env,
    client,
    runtime,
    nodeName: facts.name,
    hostIp: facts.hostIp,
    files,
    events: createEventRecorder(env, client, { component: 'kubelet', host: facts.name }),
    sources: createSourceWatch(env, client),
    ...(network !== undefined && { network }),
    neighbourhood: (pod) => ({ node: node(), others: activePods(workers, pod) }),
    allocatable: () => node()?.status?.allocatable ?? {},
  }
}

/** The node's own object as it was last seen, and its pods. */
interface NodeView {
  now(): Node
  /** What it is short of. */
  pressures(): Pressures
  /** Asks the API server. */
  refresh(): Promise<Node>
  podNow(pod: Pod): Pod | undefined
}

/** The newest of that name where no uid is given. */
function workerOf(workers: ReadonlyMap<string, PodWorker>, { uid, namespace, name }: PodName): PodWorker | undefined {
  if (uid !== '') return workers.get(uid)
  const all = [...workers.values()]
  return all.findLast(({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name)
}

function requireWorker(workers: ReadonlyMap<string, PodWorker>, pod: PodName): PodWorker {
  const worker = workerOf(workers, pod)
  if (worker === undefined) throw apiError('NotFound', `pods "${pod.name}" not found`)
  return worker
}

const uidOf = (pod: Pod) => pod.metadata.uid ?? ''

/** Takes over a pod that an earlier life of this agent has started; false where nothing of it is left. */
function adoptPod(context: NodeContext, remains: Remains, workers: Map<string, PodWorker>, pod: Pod): boolean {
  const uid = uidOf(pod)
  const left = workers.has(uid) ? undefined : remains.take(uid)
  if (left === undefined) return false
  const record = { startedAtMs: context.env.clock.now(), containers: new Map() }
  workers.set(
    uid,
    startPodWorker(
      context,
      pod,
      record,
      () => workers.delete(uid),
      () => adopt(context.runtime, pod, left, context.env.clock.now()),
    ),
  )
  return true
}

/** A pod of that uid is worked on by one worker, from when it is first seen until nothing of it is left. */
function seePod(
  context: NodeContext,
  view: NodeView,
  workers: Map<string, PodWorker>,
  pod: Pod,
  isRefreshed = false,
): void {
  const uid = uidOf(pod)
  const known = workers.get(uid)
  if (known !== undefined) return known.update(pod)
  const isDeleted = pod.metadata.deletionTimestamp !== undefined
  // A pod that ended in an earlier life of this agent has nothing left here; being deleted, it only has to be let go.
  if (hasEnded(pod) && !isDeleted) return
  const nowMs = context.env.clock.now()
  const begin = (record: PodRecord) =>
    void workers.set(
      uid,
      startPodWorker(context, pod, record, () => workers.delete(uid)),
    )
  if (pod.status?.startTime !== undefined || isDeleted) return begin(recordOfEarlierLife(pod, nowMs))
  const refusal = refusalOf(pod, view.now(), activePods(workers, pod), view.pressures())
  if (refusal?.reason !== 'NodeAffinity' || isRefreshed) return begin(admit(refusal))
  // The pod may have come sooner than the label that it was bound for: two watches have no common order.
  const again = () => {
    const latest = view.podNow(pod)
    if (latest !== undefined && uidOf(latest) === uid) seePod(context, view, workers, latest, true)
  }
  view.refresh().then(again, again)

  function admit(refusal: Refusal | undefined): PodRecord {
    const fresh = { startedAtMs: nowMs, containers: new Map() }
    if (refusal === undefined) return fresh
    tell(context, pod, undefined, 'Warning', refusal.reason, refusal.message)
    return {
      ...fresh,
      refused: true,
      verdict: { reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` },
    }
  }
}

/**
 * The pods that need the node's resources, apart from one. A pod whose object is gone needs none, as with the kubelet: the
 * scheduler gives its room to others from that moment, and whom it sends must not be turned away.
 */
function activePods(workers: ReadonlyMap<string, PodWorker>, but: Pod): readonly Pod[] {
  const active = [...workers.values()].filter((worker) => !worker.hasEnded && !worker.objectGone)
  return active.filter(({ pod }) => uidOf(pod) !== uidOf(but)).map(({ pod, record }) => asGranted(pod, record))
}

const hasEnded = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed'
