import type { Pod } from '../api/generated/core-v1.ts'
import { keyOf, keyString } from '../api/object.ts'
import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'

/** A pod that waits for a node. */
export interface QueuedPod {
  readonly key: string
  readonly pod: Pod
  /** Attempts so far that found no node or could not bind. */
  readonly attempts: number
  readonly since: number
}

/**
 * Pods that wait, in three pools, as in Kubernetes' scheduler. *Active*: to be tried now, by priority, then by age.
 * *Backing off*: tried and to be tried again after a pause; one that no node would do for sooner, when nothing is active. *Unschedulable*: no node would do; they wait until something
 * changes that may help, or for five minutes. A pod is in one pool at most; {@link SchedulingQueue.pop} takes it out.
 */
export interface SchedulingQueue {
  /** Adds a pod, or brings what is known of it up to date without changing its pool. */
  put(pod: Pod): void
  remove(key: string): void
  pop(): QueuedPod | undefined
  /** Gives a popped pod back: nothing would do until something changes. */
  unschedulable(queued: QueuedPod): void
  /** Gives a popped pod back: to be tried again after a pause. */
  retry(queued: QueuedPod): void
  /** Something changed that may help: unschedulable pods for which `helps` holds are tried again. */
  wake(helps?: (pod: Pod) => boolean): void
  sizes(): { readonly active: number; readonly backingOff: number; readonly unschedulable: number }
  close(): void
}

/** Kubernetes' defaults: 1 s, doubled with every attempt, up to 10 s; and 5 minutes for unschedulable pods. */
const FIRST_BACKOFF_MS = 1_000
const MOST_BACKOFF_MS = 10_000
const UNSCHEDULABLE_MS = 5 * 60_000

/** How often pods that have been unschedulable for long are looked for, in milliseconds. */
const SWEEP_MS = 30_000

/** `onReady` is called whenever a pod has become active. */
export function createSchedulingQueue(env: Environment, onReady: () => void): SchedulingQueue {
  return new ThreePools(env, onReady)
}

interface BackingOff extends QueuedPod {
  readonly timer: Timer
  readonly untilMs: number
  /** It was not an error that it is held back for: something changed since that may help. */
  readonly mayGoSooner: boolean
}

class ThreePools implements SchedulingQueue {
  readonly #env: Environment
  readonly #onReady: () => void
  readonly #active = new Map<string, QueuedPod>()
  readonly #backingOff = new Map<string, BackingOff>()
  readonly #unschedulable = new Map<string, QueuedPod>()
  /** Active pods, the next one last; absent while it has to be made anew. */
  #order: QueuedPod[] | undefined
  #sweep: Timer

  constructor(env: Environment, onReady: () => void) {
    this.#env = env
    this.#onReady = onReady
    this.#sweep = this.#sweepLater()
  }

  put(pod: Pod) {
    const key = keyString(keyOf(pod))
    const backingOff = this.#backingOff.get(key)
    if (backingOff !== undefined) return void this.#backingOff.set(key, { ...backingOff, pod })
    const waiting = this.#active.get(key)
    if (waiting !== undefined) {
      this.#active.set(key, { ...waiting, pod })
      this.#order = undefined
      return
    }
    const rejected = this.#unschedulable.get(key)
    // The report of a failure comes back as an update of the pod: only a change of what it asks for is worth a try.
    if (rejected !== undefined && demands(rejected.pod) === demands(pod)) {
      this.#unschedulable.set(key, { ...rejected, pod })
      return
    }
    this.#unschedulable.delete(key)
    this.#activate({ key, pod, attempts: rejected?.attempts ?? 0, since: this.#env.clock.monotonicMs() })
  }

  remove(key: string) {
    this.#backingOff.get(key)?.timer.cancel()
    for (const pool of [this.#active, this.#backingOff, this.#unschedulable]) pool.delete(key)
  }

  pop(): QueuedPod | undefined {
    for (;;) {
      this.#order ??= sorted(this.#active.values())
      const next = this.#order.pop()
      if (next === undefined) {
        this.#order = undefined
        return this.#popBackingOff()
      }
      if (this.#active.get(next.key) !== next) continue
      this.#active.delete(next.key)
      return next
    }
  }

  unschedulable(queued: QueuedPod) {
    const again = { ...queued, attempts: queued.attempts + 1, since: this.#env.clock.monotonicMs() }
    this.#unschedulable.set(queued.key, again)
  }

  retry(queued: QueuedPod) {
    this.#backOff({ ...queued, attempts: queued.attempts + 1 }, backoffMs(queued.attempts + 1), false)
  }

  wake(helps: (pod: Pod) => boolean = () => true) {
    for (const queued of this.#unschedulable.values()) {
      if (!helps(queued.pod)) continue
      this.#unschedulable.delete(queued.key)
      const rest = queued.since + backoffMs(queued.attempts) - this.#env.clock.monotonicMs()
      if (rest <= 0) this.#activate(queued)
      else this.#backOff(queued, rest, true)
    }
  }

  sizes() {
    const [active, backingOff, unschedulable] = [this.#active.size, this.#backingOff.size, this.#unschedulable.size]
    return { active, backingOff, unschedulable }
  }

  close() {
    this.#sweep.cancel()
    for (const { timer } of this.#backingOff.values()) timer.cancel()
  }

  #activate(queued: QueuedPod) {
    this.#active.set(queued.key, queued)
    // Pods come in order of age, so the order only has to be made anew where priorities differ.
    const order = this.#order
    if (order !== undefined && priorityOf(queued.pod) === priorityOf(order[0]?.pod)) order.unshift(queued)
    else this.#order = undefined
    this.#onReady()
  }

  /** As Kubernetes does since 1.33 (SchedulerPopFromBackoffQ): a scheduler with nothing else to do does not wait. */
  #popBackingOff(): QueuedPod | undefined {
    let next: BackingOff | undefined
    for (const waiting of this.#backingOff.values()) {
      if (waiting.mayGoSooner && (next === undefined || waiting.untilMs < next.untilMs)) next = waiting
    }
    if (next === undefined) return undefined
    next.timer.cancel()
    this.#backingOff.delete(next.key)
    const { key, pod, attempts, since } = next
    return { key, pod, attempts, since }
  }

  #backOff(queued: QueuedPod, delayMs: number, mayGoSooner: boolean) {
    const timer = this.#env.timers.after(delayMs, () => {
      const waited = this.#backingOff.get(queued.key)
      if (waited === undefined) return
      this.#backingOff.delete(queued.key)
      this.#activate({ key: waited.key, pod: waited.pod, attempts: waited.attempts, since: waited.since })
    })
    const untilMs = this.#env.clock.monotonicMs() + delayMs
    this.#backingOff.set(queued.key, { ...queued, timer, untilMs, mayGoSooner })
    if (mayGoSooner && this.#active.size === 0) this.#onReady()
  }

  #sweepLater(): Timer {
    const sweep = () => {
      const old = this.#env.clock.monotonicMs() - UNSCHEDULABLE_MS
      for (const queued of this.#unschedulable.values()) {
        if (queued.since > old) continue
        this.#unschedulable.delete(queued.key)
        this.#activate(queued)
      }
      this.#sweep = this.#sweepLater()
    }
    return this.#env.timers.after(SWEEP_MS, sweep, { background: true })
  }
}

const priorityOf = (pod: Pod | undefined) => pod?.spec?.priority ?? 0
const backoffMs = (attempts: number) => Math.min(MOST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempts - 1))

/** What decides where a pod may go. */
const demands = ({ metadata, spec }: Pod) => JSON.stringify([metadata.labels, spec])

/** The next pod last: highest priority, then the one that has waited longest. */
function sorted(pods: Iterable<QueuedPod>): QueuedPod[] {
  return [...pods].reverse().sort((a, b) => priorityOf(a.pod) - priorityOf(b.pod) || b.since - a.since)
}
