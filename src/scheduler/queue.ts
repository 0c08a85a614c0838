import type { Pod } from '../api/generated/core-v1.ts'
import { keyOf, keyString } from '../api/object.ts'
import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import type { ClusterEvent } from '../placement/framework.ts'
import { priorityOf } from '../placement/pod-info.ts'
import { ActiveHeap } from './active-heap.ts'

/** A pod that waits for a node. */
export interface QueuedPod {
  readonly key: string
  readonly pod: Pod
  /** Attempts so far that found no node or could not bind. */
  readonly attempts: number
  readonly since: number
  /** The plugins that turned it away at the last attempt: what they can be helped by is worth another. Empty: anything. */
  readonly rejectedBy: ReadonlySet<string>
}

/** Whether a change can help a pod that these plugins turned away. */
export type Hints = (pod: Pod, rejectedBy: ReadonlySet<string>, event: ClusterEvent, about: unknown) => boolean

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
  /** Every pod that waits, in no order. */
  waiting(): Iterable<QueuedPod>
  /** Takes a pod out whatever pool it is in, as {@link pop} does with the next. */
  take(key: string): QueuedPod | undefined
  /** Gives a popped pod back: nothing would do until something changes that can help against these plugins. */
  unschedulable(queued: QueuedPod, rejectedBy?: ReadonlySet<string>): void
  /** Gives a popped pod back as if it had not been tried. */
  giveBack(queued: QueuedPod): void
  /** Gives a popped pod back: to be tried again after a pause. */
  retry(queued: QueuedPod): void
  /** Something changed: unschedulable pods that it can help are tried again. */
  wake(event: ClusterEvent, about?: unknown): void
  /** An unschedulable pod is tried again. */
  wakeOne(key: string): void
  sizes(): { readonly active: number; readonly backingOff: number; readonly unschedulable: number }
  close(): void
}

/** Kubernetes' defaults: 1 s, doubled with every attempt, up to 10 s; and 5 minutes for unschedulable pods. */
const FIRST_BACKOFF_MS = 1_000
const MOST_BACKOFF_MS = 10_000
const UNSCHEDULABLE_MS = 5 * 60_000

/** How often pods that have been unschedulable for long are looked for, in milliseconds. */
const SWEEP_MS = 30_000

/** `onReady` is called whenever a pod has become active. Without hints, every change may help everybody. */
export function createSchedulingQueue(
  env: Environment,
  onReady: () => void,
  hints: Hints = () => true,
  lanes: Lanes = ONE_LANE,
): SchedulingQueue {
  return new ThreePools(env, onReady, hints, lanes)
}

/** Queues within the queue: of pods of one priority, the lane with the lowest order is served next. */
export interface Lanes {
  /** Undefined: none of its own, such pods come by age. */
  laneOf(pod: Pod): string | undefined
  orderOf(lane: string): number
}

const ONE_LANE: Lanes = { laneOf: () => undefined, orderOf: () => 0 }

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
  readonly #hints: Hints
  /** Active pods in order; those that are active no more, or were brought up to date since, are skipped. */
  readonly #orders = new Map<string | undefined, ActiveHeap<QueuedPod>>()
  readonly #lanes: Lanes
  #sweep: Timer

  constructor(env: Environment, onReady: () => void, hints: Hints, lanes: Lanes) {
    this.#env = env
    this.#hints = hints
    this.#lanes = lanes
    this.#onReady = onReady
    this.#sweep = this.#sweepLater()
  }

  put(pod: Pod) {
    const key = keyString(keyOf(pod))
    const backingOff = this.#backingOff.get(key)
    if (backingOff !== undefined) return void this.#backingOff.set(key, { ...backingOff, pod })
    const waiting = this.#active.get(key)
    if (waiting !== undefined) {
      const newer = { ...waiting, pod }
      this.#active.set(key, newer)
      this.#enqueue(newer)
      return
    }
    const rejected = this.#unschedulable.get(key)
    // The report of a failure comes back as an update of the pod: only a change of what it asks for is worth a try.
    if (rejected !== undefined && demands(rejected.pod) === demands(pod)) {
      this.#unschedulable.set(key, { ...rejected, pod })
      return
    }
    this.#unschedulable.delete(key)
    const attempts = rejected?.attempts ?? 0
    this.#activate({ key, pod, attempts, since: this.#env.clock.monotonicMs(), rejectedBy: NOBODY })
  }

  remove(key: string) {
    this.#backingOff.get(key)?.timer.cancel()
    for (const pool of [this.#active, this.#backingOff, this.#unschedulable]) pool.delete(key)
  }

  *waiting() {
    for (const pool of [this.#active, this.#backingOff, this.#unschedulable]) yield* pool.values()
  }

  take(key: string): QueuedPod | undefined {
    const found = this.#active.get(key) ?? this.#backingOff.get(key) ?? this.#unschedulable.get(key)
    this.remove(key)
    return found
  }

  pop(): QueuedPod | undefined {
    let best: { readonly lane: string | undefined; readonly next: QueuedPod } | undefined
    for (const [lane, order] of this.#orders) {
      const next = this.#firstOf(order)
      if (next === undefined) this.#orders.delete(lane)
      else if (best === undefined || this.#comesFirst(lane, next, best)) best = { lane, next }
    }
    if (best === undefined) return this.#popBackingOff()
    this.#orders.get(best.lane)?.pop()
    this.#active.delete(best.next.key)
    return best.next
  }

  unschedulable(queued: QueuedPod, rejectedBy: ReadonlySet<string> = NOBODY) {
    const { key, pod, attempts } = queued
    const since = this.#env.clock.monotonicMs()
    this.#unschedulable.set(key, { key, pod, attempts: attempts + 1, since, rejectedBy })
  }

  giveBack({ key, pod, attempts, since, rejectedBy }: QueuedPod) {
    this.#unschedulable.set(key, { key, pod, attempts, since, rejectedBy })
  }

  retry(queued: QueuedPod) {
    this.#backOff({ ...queued, attempts: queued.attempts + 1 }, backoffMs(queued.attempts + 1), false)
  }

  wake(event: ClusterEvent, about?: unknown) {
    for (const queued of this.#unschedulable.values()) {
      if (this.#hints(queued.pod, queued.rejectedBy, event, about)) this.#wake(queued)
    }
  }

  wakeOne(key: string) {
    const queued = this.#unschedulable.get(key)
    if (queued !== undefined) this.#wake(queued)
  }

  #wake(queued: QueuedPod) {
    this.#unschedulable.delete(queued.key)
    const rest = queued.since + backoffMs(queued.attempts) - this.#env.clock.monotonicMs()
    if (rest <= 0 || queued.attempts === 0) this.#activate(queued)
    else this.#backOff(queued, rest, true)
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
    this.#enqueue(queued)
    this.#onReady()
  }

  #enqueue(queued: QueuedPod) {
    const lane = this.#lanes.laneOf(queued.pod)
    const order = this.#orders.get(lane) ?? new ActiveHeap<QueuedPod>(comesBefore)
    this.#orders.set(lane, order)
    order.push(queued)
  }

  #firstOf(order: ActiveHeap<QueuedPod>): QueuedPod | undefined {
    for (;;) {
      const next = order.peek()
      if (next === undefined || this.#active.get(next.key) === next) return next
      order.pop()
    }
  }

  #comesFirst(lane: string | undefined, next: QueuedPod, best: { lane: string | undefined; next: QueuedPod }): boolean {
    const bothHaveLanes = lane !== undefined && best.lane !== undefined
    if (!bothHaveLanes || priorityOf(next.pod) !== priorityOf(best.next.pod)) return comesBefore(next, best.next)
    return this.#lanes.orderOf(lane) < this.#lanes.orderOf(best.lane ?? '')
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
    return plain(next)
  }

  #backOff(queued: QueuedPod, delayMs: number, mayGoSooner: boolean) {
    const timer = this.#env.timers.after(delayMs, () => {
      const waited = this.#backingOff.get(queued.key)
      if (waited === undefined) return
      this.#backingOff.delete(queued.key)
      this.#activate(plain(waited))
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

const NOBODY: ReadonlySet<string> = new Set()
const plain = ({ key, pod, attempts, since, rejectedBy }: QueuedPod): QueuedPod => ({
  key,
  pod,
  attempts,
  since,
  rejectedBy,
})
const backoffMs = (attempts: number) => Math.min(MOST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempts - 1))

/** What decides where a pod may go. */
const demands = ({ metadata, spec }: Pod) => JSON.stringify([metadata.labels, spec])

/** Kubernetes' PrioritySort: the highest priority, then the one that has waited longest. */
function comesBefore(a: QueuedPod, b: QueuedPod): boolean {
  const difference = priorityOf(a.pod) - priorityOf(b.pod)
  return difference === 0 ? a.since < b.since : difference > 0
}
