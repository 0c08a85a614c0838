import type { ObjectKey } from '../api/object.ts'
import type { Client } from '../client/client.ts'
import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import { createLeaseLock } from './lease-lock.ts'

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

/** Lets one of several candidates lead, by a Lease, as Kubernetes' own components do. Clocks may differ; only durations count. */
export function startLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { env, client, lease: key, identity } = options
  const { leaseMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options
  const nowMs = () => env.clock.monotonicMs()
  const lock = createLeaseLock(env, client, key, identity, leaseMs)
  let renewedMs = -Infinity
  let leads = false
  let closed = false
  let timer: Timer | undefined
  let attempt: Promise<void> = Promise.resolve()
  const holds = () => leads && nowMs() - renewedMs < renewDeadlineMs

  const step = async (): Promise<void> => {
    // A renewal counts from before it was sent: others count from when they saw it, which is later.
    const startMs = nowMs()
    let held: boolean | undefined
    try {
      held = await lock.tryHold(startMs)
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
    if (mayRelease) await lock.release().catch(() => {})
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
