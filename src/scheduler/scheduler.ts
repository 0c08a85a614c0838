import type { Node, Pod } from '../api/generated/core-v1.ts'
import { nodes, pods } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import { keyOf, keyString } from '../api/object.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { createInformers } from '../informer/informers.ts'
import type { Informers } from '../informer/informers.ts'
import { podRequests } from '../placement/pod-requests.ts'
import { createPodPlaces } from './assumed-pods.ts'
import { bind, reportUnscheduled, wasBound } from './binding.ts'
import { decide } from './decide.ts'
import type { Profile } from './framework.ts'
import { createNodeTable } from './node-table.ts'
import type { NodeTable } from './node-table.ts'
import { createProfiles, DEFAULT_PROFILE } from './profiles.ts'
import { createSchedulingQueue } from './queue.ts'
import type { QueuedPod } from './queue.ts'
import { createSchedulingEvents } from './scheduling-events.ts'
import { unschedulableMessage } from './unschedulable-message.ts'

export interface SchedulerOptions {
  readonly env: Environment
  /** Acts as the user `system:kube-scheduler`. */
  readonly client: Client
  /** The profile for pods that name `default-scheduler` or none; default Kubernetes' own. */
  readonly defaultProfile?: string
}

/** A scheduler at work: gives nodes to pods that have none, for every profile that it knows. */
export interface Scheduler extends AsyncDisposable {
  /** Resolves when nodes and pods are known and pods are being placed. */
  readonly ready: Promise<void>
  sizes(): { readonly active: number; readonly backingOff: number; readonly unschedulable: number }
  close(): Promise<void>
}

/** How many pods are placed in one turn of the event loop: others get their turn in between. */
const PODS_A_TURN = 100
const GATED = 'Scheduling is blocked due to non-empty scheduling gates'

/**
 * Starts a scheduler. It learns of pods and nodes from watches, counts a pod on its node as soon as it has decided
 * (assumed), and writes bindings through the API without waiting for them, so that nothing is promised twice.
 */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { env, client } = options
  const informers = createInformers(env, client)
  const state = createState(options)
  let closed = false
  const ready = start(informers, state).catch((error: unknown) => {
    if (!closed) env.log.error('the scheduler did not start', { error })
    throw error
  })
  ready.catch(() => {})
  const close = async () => {
    closed = true
    informers.close()
    state.close()
  }
  return { ready, sizes: () => state.queue.sizes(), close, [Symbol.asyncDispose]: close }
}

type State = ReturnType<typeof createState>

function createState({ env, client, defaultProfile = DEFAULT_PROFILE }: SchedulerOptions) {
  const table = createNodeTable()
  const profiles = createProfiles()
  const events = createSchedulingEvents(env, client)
  let turnPending = false
  let closed = false
  let started = false
  const run = () => {
    if (turnPending || !started || closed) return
    turnPending = true
    queueMicrotask(turn)
  }
  const queue = createSchedulingQueue(env, run)
  const places = createPodPlaces(env, table, () => queue.wake())
  const placing = { env, client, table, queue, places, events, next: { slot: 0 } }
  const turn = () => {
    turnPending = false
    for (let i = 0; i < PODS_A_TURN && !closed; i++) {
      const queued = queue.pop()
      if (queued === undefined) return
      const name = queued.pod.spec?.schedulerName ?? DEFAULT_PROFILE
      const profile = profiles.get(name === DEFAULT_PROFILE ? defaultProfile : name)
      if (profile !== undefined) place(placing, queued, profile)
    }
    turnPending = true
    env.timers.soon(turn)
  }
  const begin = () => {
    started = true
    run()
  }
  const isOurs = (pod: Pod) => profiles.has(pod.spec?.schedulerName ?? DEFAULT_PROFILE)
  const close = () => {
    closed = true
    queue.close()
    places.close()
  }
  if (!profiles.has(defaultProfile)) throw new UnknownProfileError(defaultProfile, [...profiles.keys()])
  return { env, client, table, queue, places, isOurs, begin, close }
}

/** A profile was asked for that the scheduler does not have. */
export class UnknownProfileError extends Error {
  override readonly name = 'UnknownProfileError'
  readonly code = 'SCHEDULER_PROFILE_UNKNOWN'
  readonly hint: string

  constructor(profile: string, known: readonly string[]) {
    super(`Cannot schedule by "${profile}": no such profile, expected one of ${known.join(', ')}`)
    this.hint = `choose one of ${known.join(', ')}`
  }
}

async function start(informers: Informers, state: State): Promise<void> {
  const { queue, places, table } = state
  informers.of(nodes).listen({
    added: (node) => {
      table.putNode(node)
      queue.wake()
    },
    updated: (node, previous) => {
      table.putNode(node)
      if (mayHelp(node, previous)) queue.wake()
    },
    deleted: (node) => table.removeNode(node.metadata.name ?? ''),
  })
  const observe = (pod: Pod) => observePod(state, pod)
  informers.of(pods).listen({
    added: observe,
    updated: observe,
    deleted: (pod) => {
      const key = keyString(keyOf(pod))
      queue.remove(key)
      places.remove(key)
      queue.wake()
    },
  })
  await informers.synced()
  state.begin()
}

/** Whether what changed on a node can make room for somebody: heartbeats cannot. */
function mayHelp(node: Node, previous: Node): boolean {
  const facts = ({ metadata, spec, status }: Node) =>
    JSON.stringify([metadata.labels, spec?.taints, spec?.unschedulable, status?.allocatable])
  return facts(node) !== facts(previous)
}

function observePod(state: State, pod: Pod): void {
  const { queue, places, env, client } = state
  const key = keyString(keyOf(pod))
  const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  if (pod.spec?.nodeName !== undefined && pod.spec.nodeName !== '') {
    queue.remove(key)
    if (!ended) return places.observe(pod)
    places.remove(key)
    return queue.wake()
  }
  if (ended || pod.metadata.deletionTimestamp !== undefined || !state.isOurs(pod)) return queue.remove(key)
  if ((pod.spec?.schedulingGates?.length ?? 0) > 0) {
    queue.remove(key)
    reportUnscheduled(env, client, pod, 'SchedulingGated', GATED).catch((error: unknown) =>
      env.log.debug('a gated pod could not be told', { key, error }),
    )
    return
  }
  if (!places.isAssumed(key)) queue.put(pod)
}

interface Placing {
  readonly env: Environment
  readonly client: Client
  readonly table: NodeTable
  readonly queue: ReturnType<typeof createSchedulingQueue>
  readonly places: ReturnType<typeof createPodPlaces>
  readonly events: ReturnType<typeof createSchedulingEvents>
  readonly next: { slot: number }
}

function place(placing: Placing, queued: QueuedPod, profile: Profile): void {
  const { env, client, table, queue, places, events, next } = placing
  const { pod } = queued
  const cycle = { pod, requests: podRequests(pod), table, random: env.random }
  const { placement, examined } = decide(cycle, profile, next.slot)
  next.slot = table.size === 0 ? 0 : (next.slot + examined) % table.size
  if (placement.placed) {
    places.assume(pod, placement.nodeName)
    void bindAssumed(placing, queued, placement.nodeName)
    return
  }
  queue.unschedulable(queued)
  const message = unschedulableMessage(placement.nodes, placement.rejections)
  events.failed(pod, message)
  reportUnscheduled(env, client, pod, 'Unschedulable', message).catch((error: unknown) =>
    env.log.debug('an unschedulable pod could not be told', { key: queued.key, error }),
  )
}

async function bindAssumed({ env, client, queue, places, events }: Placing, queued: QueuedPod, nodeName: string) {
  const { key, pod } = queued
  try {
    await bind(client, pod, nodeName)
    places.bound(key)
    events.scheduled(pod, nodeName)
  } catch (error) {
    const isBound = await wasBound(env, client, pod, error, () => places.isAssumed(key))
    if (isBound === undefined) return
    if (isBound) return places.bound(key)
    places.forget(key)
    queue.wake()
    // The pod is gone, or somebody else has placed it: the watch tells what became of it.
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return
    env.log.warn('a pod could not be bound', { key, nodeName, error })
    queue.retry(queued)
  }
}
