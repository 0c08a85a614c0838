import type { Pod } from '../api/generated/core-v1.ts'
import { keyOf, keyString } from '../api/object.ts'
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
 * *Backing off*: tried and to be tried again after a pause. *Unschedulable*: no node would do; they wait until something
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

/** `onReady` is called whenever a pod has become active. */
export function createSchedulingQueue(env: Environment, onReady: () => void): SchedulingQueue {
  const active = new Map<string, QueuedPod>()
  const backingOff = new Map<string, QueuedPod & { readonly timer: { cancel(): void } }>()
  const unschedulable = new Map<string, QueuedPod>()
  let order: QueuedPod[] | undefined

  const activate = (queued: QueuedPod) => {
    active.set(queued.key, queued)
    // Pods come in order of age, so the order only has to be made anew where priorities differ.
    if (order !== undefined && priorityOf(queued.pod) === priorityOf(order[0]?.pod)) order.unshift(queued)
    else order = undefined
    onReady()
  }

  const backOff = (queued: QueuedPod, delayMs: number) => {
    const timer = env.timers.after(delayMs, () => {
      if (backingOff.delete(queued.key)) activate(queued)
    })
    backingOff.set(queued.key, { ...queued, timer })
  }

  const take = (key: string) => {
    backingOff.get(key)?.timer.cancel()
    const known = active.get(key) ?? backingOff.get(key) ?? unschedulable.get(key)
    for (const pool of [active, backingOff, unschedulable]) pool.delete(key)
    return known
  }

  const flush = () => {
    const old = env.clock.monotonicMs() - UNSCHEDULABLE_MS
    for (const queued of unschedulable.values()) if (queued.since <= old && take(queued.key)) activate(queued)
    sweep = env.timers.after(30_000, flush, { background: true })
  }
  let sweep = env.timers.after(30_000, flush, { background: true })

  return {
    put(pod) {
      const key = keyString(keyOf(pod))
      if (backingOff.has(key)) return
      const waiting = active.get(key)
      if (waiting !== undefined) {
        active.set(key, { ...waiting, pod })
        order = undefined
        return
      }
      const rejected = unschedulable.get(key)
      // The report of a failure comes back as an update of the pod: only a change of what it asks for is worth a try.
      if (rejected !== undefined && demands(rejected.pod) === demands(pod)) {
        unschedulable.set(key, { ...rejected, pod })
        return
      }
      unschedulable.delete(key)
      activate({ key, pod, attempts: rejected?.attempts ?? 0, since: env.clock.monotonicMs() })
    },
    remove: (key) => void take(key),
    pop() {
      for (;;) {
        order ??= sorted(active.values())
        const next = order.pop()
        if (next === undefined) {
          order = undefined
          return undefined
        }
        if (active.get(next.key) !== next) continue
        active.delete(next.key)
        return next
      }
    },
    unschedulable(queued) {
      const again = { ...queued, attempts: queued.attempts + 1, since: env.clock.monotonicMs() }
      unschedulable.set(queued.key, again)
    },
    retry(queued) {
      backOff({ ...queued, attempts: queued.attempts + 1 }, backoffMs(queued.attempts + 1))
    },
    wake(helps = () => true) {
      for (const queued of unschedulable.values()) {
        if (!helps(queued.pod)) continue
        unschedulable.delete(queued.key)
        const rest = queued.since + backoffMs(queued.attempts) - env.clock.monotonicMs()
        if (rest <= 0) activate(queued)
        else backOff(queued, rest)
      }
    },
    sizes: () => ({ active: active.size, backingOff: backingOff.size, unschedulable: unschedulable.size }),
    close() {
      sweep.cancel()
      for (const { timer } of backingOff.values()) timer.cancel()
    },
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
