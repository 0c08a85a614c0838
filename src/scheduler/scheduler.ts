import type { Pod } from '../api/generated/core-v1.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { createInformers } from '../informer/informers.ts'
import { createClusterView } from '../placement/cluster-view.ts'
import { FairShares } from '../placement/fair-share.ts'
import type { Profile } from '../placement/framework.ts'
import { gangOf } from '../placement/gang.ts'
import { createProfiles, DEFAULT_PROFILE } from '../placement/profiles.ts'
import { createPodPlaces } from './assumed-pods.ts'
import { attempt } from './attempt.ts'
import { attemptGang } from './attempt-gang.ts'
import { createGangs } from './gangs.ts'
import { createHints } from './hints.ts'
import { observe } from './observe.ts'
import type { Placing } from './placing.ts'
import { createSchedulingQueue } from './queue.ts'
import type { QueuedPod } from './queue.ts'
import { createSchedulingEvents } from './scheduling-events.ts'
import { createVolumeWaiters } from './volume-waiters.ts'

export interface SchedulerOptions {
  readonly env: Environment
  /** Acts as the user `system:kube-scheduler`. */
  readonly client: Client
  /** The profile for pods that name `default-scheduler` or none; default Kubernetes' own. */
  readonly defaultProfile?: string
  /** By the `schedulerName` of the pods that they serve; default {@link createProfiles}. */
  readonly profiles?: ReadonlyMap<string, Profile>
}

/** A scheduler at work: gives nodes to pods that have none, for every profile that it knows. */
export interface Scheduler extends AsyncDisposable {
  /** Resolves when nodes and pods are known and pods are being placed. */
  readonly ready: Promise<void>
  sizes(): { readonly active: number; readonly backingOff: number; readonly unschedulable: number }
  close(): Promise<void>
}

/** How long pods are placed in one turn of the event loop before others get theirs, in milliseconds. */
const TURN_MS = 4

/**
 * Starts a scheduler. It learns of pods and nodes from watches, counts a pod on its node as soon as it has decided
 * (assumed), and writes bindings through the API without waiting for them, so that nothing is promised twice.
 */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { env, client } = options
  const informers = createInformers(env, client)
  const loop = createLoop(options)
  let closed = false
  const ready = observe(informers, loop.placing).then(
    () => loop.begin(),
    (error: unknown) => {
      if (!closed) env.log.error('the scheduler did not start', { error })
      throw error
    },
  )
  ready.catch(() => {})
  const close = async () => {
    closed = true
    informers.close()
    loop.close()
  }
  return { ready, sizes: () => loop.placing.queue.sizes(), close, [Symbol.asyncDispose]: close }
}

/** Takes pods from the queue, a few in a turn, from when it is begun until it is closed. */
function createLoop(options: SchedulerOptions) {
  const { env } = options
  let turnPending = false
  let isRunning = false
  const run = () => {
    if (turnPending || !isRunning) return
    turnPending = true
    queueMicrotask(turn)
  }
  const placing = createPlacing(options, run)
  const turn = () => {
    turnPending = false
    const endMs = env.clock.monotonicMs() + TURN_MS
    while (isRunning && env.clock.monotonicMs() <= endMs) {
      const queued = placing.queue.pop()
      if (queued === undefined) return
      const profile = placing.profileOf(queued.pod)
      if (profile !== undefined) attemptAny(placing, queued, profile)
    }
    if (!isRunning) return
    turnPending = true
    env.timers.soon(turn)
  }
  return {
    placing,
    begin() {
      isRunning = true
      run()
    },
    close() {
      isRunning = false
      placing.queue.close()
      placing.places.close()
      placing.volumes.close()
      placing.gangs.close()
    },
  }
}

/** Pods of a gang that is not complete are decided together. */
function attemptAny(placing: Placing, queued: QueuedPod, profile: Profile): void {
  const gang = gangOf(queued.pod)
  if (gang === undefined || placing.gangs.placed(gang).size >= gang.size) attempt(placing, queued, profile)
  else attemptGang(placing, queued, profile, gang)
}

function createPlacing(options: SchedulerOptions, run: () => void): Placing {
  const { env, client, defaultProfile = DEFAULT_PROFILE, profiles = createProfiles() } = options
  if (!profiles.has(defaultProfile)) throw new UnknownProfileError(defaultProfile, [...profiles.keys()])
  const view = createClusterView()
  const shares = new FairShares(view)
  const queue = createSchedulingQueue(env, run, createHints(profiles.values()), {
    laneOf: (pod) => shares.queueOf(pod),
    orderOf: (namespace) => shares.shareOf(namespace),
  })
  const expired = () => queue.wake('pod-gone')
  return {
    env,
    client,
    view,
    queue,
    shares,
    places: createPodPlaces(env, view.table, expired, (pod, sign) => shares.count(pod, sign)),
    events: createSchedulingEvents(env, client),
    volumes: createVolumeWaiters(env.timers),
    gangs: createGangs((delayMs, action) => env.timers.after(delayMs, action, { background: true })),
    preempting: new Set(),
    awaited: new Map(),
    next: { slot: 0 },
    profileOf(pod: Pod) {
      const name = pod.spec?.schedulerName ?? DEFAULT_PROFILE
      return profiles.get(name === DEFAULT_PROFILE ? defaultProfile : name)
    },
  }
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
