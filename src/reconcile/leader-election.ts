import type { Lease } from '../api/generated/coordination-v1.ts'
import { leases } from '../api/generated/resources.ts'
import type { ObjectKey } from '../api/object.ts'
import { hasReason } from '../api/meta/status.ts'
import type { Client } from '../client/client.ts'
import { formatMicroTime } from '../env/clock.ts'
import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'

export interface LeaderElectionOptions {
  readonly env: Environment
  readonly client: Client
  /** The Lease that is fought for, such as `kube-system/kube-controller-manager`. */
  readonly lease: ObjectKey
  /** Who this is: no two candidates may share it. */
  readonly identity: string
  /** How long others leave a silent leader alone, in milliseconds; default 15 s. */
  readonly leaseMs?: number
  /** After this long without a renewal the leader gives up, before others may take over; default 10 s. */
  readonly renewDeadlineMs?: number
  /** How often is tried to become or to stay leader; default 2 s. */
  readonly retryMs?: number
  /** Called when this becomes the leader; what it starts writes through a fence on the leadership. */
  readonly elected: (leadership: Leadership) => void
  /** Called when it no longer is, for whatever reason; it may be elected again. */
  readonly deposed: () => void
}

/** Whether this candidate leads, as far as it can know without asking. */
export interface Leadership {
  /**
   * True while the last renewal is recent enough that nobody else can have taken over. A leader that was paused finds it
   * false when it wakes up, before it hears of anything.
   */
  holds(): boolean
}

/** A candidate is waiting, or leading; closing it hands the lease over to whoever comes next. */
export interface LeaderElection extends AsyncDisposable {
  readonly isLeader: boolean
  close(): Promise<void>
}

interface Observed {
  readonly version: string
  readonly atMs: number
}

/** Lets one of several candidates lead, by a Lease, as Kubernetes' own components do. Clocks may differ; only durations count. */
export function startLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { env, client, lease: key, identity } = options
  const { leaseMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options
  const nowMs = () => env.clock.monotonicMs()
  let renewedMs = -Infinity
  let leads = false
  let closed = false
  let observed: Observed | undefined
  let timer: Timer | undefined
  let attempt: Promise<void> = Promise.resolve()
  const holds = () => leads && nowMs() - renewedMs < renewDeadlineMs

  const step = async (): Promise<void> => {
    // A renewal counts from before it was sent: others count from when they saw it, which is later.
    const startMs = nowMs()
    let held: boolean | undefined
    try {
      held = await tryHold(startMs)
    } catch (error) {
      env.log.debug('a lease could not be renewed', { lease: key.name, identity, error })
    }
    if (closed) return
    if (held === true) renewedMs = startMs
    if (leads && (held === false || !holds())) depose()
    else if (held === true && !leads) {
      leads = true
      env.log.info('became leader', { lease: key.name, identity })
      options.elected({ holds })
    }
  }
  const depose = () => {
    leads = false
    env.log.warn('lost the lease', { lease: key.name, identity })
    options.deposed()
  }
  /** True: the lease is ours now. False: it is somebody else's. */
  const tryHold = async (startMs: number): Promise<boolean> => {
    const known = await read(client, key)
    if (known === undefined) return written(() => client.create(leases, leaseOf(1, undefined)))
    const version = known.metadata.resourceVersion!
    if (observed?.version !== version) observed = { version, atMs: startMs }
    const { holderIdentity = '', leaseTransitions = 0 } = known.spec ?? {}
    const isOurs = holderIdentity === identity
    const isHeld = holderIdentity !== '' && observed.atMs + durationOf(known, leaseMs) > nowMs()
    if (!isOurs && isHeld) return false
    return written(() => client.update(leases, leaseOf(isOurs ? leaseTransitions : leaseTransitions + 1, known)))
  }
  const leaseOf = (leaseTransitions: number, known: Lease | undefined): Lease => {
    const time = formatMicroTime(env.clock.now())
    const isOurs = known?.spec?.holderIdentity === identity
    const acquireTime = isOurs ? (known.spec?.acquireTime ?? time) : time
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseMs / 1000),
      acquireTime,
      renewTime: time,
      leaseTransitions: known === undefined ? 0 : leaseTransitions,
    }
    const base = known ?? { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...key } }
    return { ...base, spec: { ...known?.spec, ...spec } }
  }
  const loop = () => {
    attempt = step().finally(() => {
      if (!closed) timer = env.timers.after(retryMs, loop, { background: true })
    })
  }
  const close = async () => {
    if (closed) return
    closed = true
    timer?.cancel()
    await attempt
    if (!leads) return
    const mayRelease = holds()
    leads = false
    options.deposed()
    if (mayRelease) await release(client, key, identity, env).catch(() => {})
  }
  loop()
  return {
    get isLeader() {
      return holds()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function read(client: Client, key: ObjectKey): Promise<Lease | undefined> {
  try {
    return await client.get(leases, key)
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined
    throw error
  }
}

/** False where somebody else was faster. */
async function written(write: () => Promise<Lease>): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if (hasReason(error, 'Conflict') || hasReason(error, 'AlreadyExists')) return false
    throw error
  }
}

function durationOf(lease: Lease, usualMs: number): number {
  const seconds = lease.spec?.leaseDurationSeconds
  return seconds === undefined ? usualMs : seconds * 1000
}

/** Leaves the lease to whoever wants it, without a wait. */
async function release(client: Client, key: ObjectKey, identity: string, env: Environment): Promise<void> {
  const known = await read(client, key)
  if (known?.spec?.holderIdentity !== identity) return
  const time = formatMicroTime(env.clock.now())
  const spec = { ...known.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time, acquireTime: time }
  await client.update(leases, { ...known, spec })
}
