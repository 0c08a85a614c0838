import type { Clock } from '../../env/clock.ts'
import type { Task } from './stage.ts'
import type { Stages } from './stages.ts'
import { createGiver } from './give.ts'
import { stragglerFor, stuckBehind } from './straggler.ts'
import { isShort } from './task-queue.ts'
import { loadOf } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/** A thread has the next short task at hand when it ends one: the way there and back costs it nothing. */
const PREFETCH = 2

/** What a thread of its own has at hand of its actors' calls. */
const APART_AHEAD = 4

/** A worker that does not take what it is sent gets nothing more until it has. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024

export interface Dispatcher {
  /** Gives tasks to every thread that has room. */
  dispatch(): void
  /** The same, once for all that happens in this turn. */
  dispatchSoon(): void
  /** Gives threads that have nothing to do what other threads take too long over. */
  dispatchStragglers(): void
}

export function createDispatcher(
  stages: Stages,
  workers: ReadonlySet<ConnectedWorker>,
  clock: Pick<Clock, 'monotonicMs'>,
): Dispatcher {
  let soon = false
  const give = createGiver(stages, workers, clock, () => dispatchSoon())
  const dispatch = () => {
    soon = false
    isolate()
    // Breadth first: nobody gets a second task while another thread has none.
    for (let depth = 0; depth < PREFETCH; depth++) {
      for (const worker of workers) {
        if (worker.link.pendingBytes > MAX_PENDING_BYTES) {
          void worker.link.drained().then(dispatch)
          continue
        }
        for (const slot of worker.slots) {
          if (!slot.ready) continue
          if (slot.isApart) fillApart(slot)
          else if (!worker.isolates && !worker.isDraining && loadOf(slot) === depth) fill(slot)
        }
      }
    }
  }
  const fill = (slot: Slot) => {
    // A task that has cost a worker before runs alone, so that it alone is to blame if it does so again.
    if (slot.sent.some((task) => task.losses.length > 0 && !task.waits)) return
    // Nothing waits behind a task that may take long.
    if (loadOf(slot) > 0 && !slot.sent.every((task) => task.waits || isShort(task.stage))) return
    const task = stages.take(slot, loadOf(slot) === 0)
    if (task !== undefined) give(slot, task)
  }
  const fillApart = (slot: Slot) => {
    while (loadOf(slot) < APART_AHEAD) {
      const task = stages.take(slot, loadOf(slot) === 0)
      if (task === undefined) return
      give(slot, task)
    }
  }
  const isolate = () => isolateSuspects(stages, workers, give)
  const dispatchSoon = () => {
    if (soon) return
    soon = true
    queueMicrotask(dispatch)
  }
  const dispatchStragglers = () => {
    const nowMs = clock.monotonicMs()
    for (const worker of workers) {
      for (const slot of worker.slots) {
        if (!isIdle(slot)) continue
        const stuck = stuckBehind(workers, nowMs)
        const straggler = stuck === undefined ? stragglerFor(slot, workers, nowMs) : undefined
        if (stuck !== undefined) give(slot, stages.again(stuck))
        else if (straggler !== undefined) give(slot, stages.twin(straggler))
      }
    }
  }
  return { dispatch, dispatchSoon, dispatchStragglers }
}

const isIdle = (slot: Slot) =>
  slot.ready && !slot.isApart && !slot.worker.isolates && !slot.worker.isDraining && loadOf(slot) === 0

function busyOf(worker: ConnectedWorker): number {
  return worker.slots.reduce((sum, slot) => sum + (slot.isApart ? 0 : loadOf(slot)), 0)
}

/** Keeps workers free for tasks that must run alone in one, and gives them these: at most half of them, at least one. */
function isolateSuspects(
  stages: Stages,
  workers: ReadonlySet<ConnectedWorker>,
  give: (slot: Slot, task: Task) => void,
): void {
  let wanted = Math.min(stages.suspects(), Math.max(1, workers.size >> 1))
  for (const worker of workers) {
    if (!worker.isolates || busyOf(worker) > 0) continue
    const slot = worker.slots.find(({ ready, isApart }) => ready && !isApart)
    const task = slot === undefined ? undefined : stages.takeSuspect()
    if (slot !== undefined && task !== undefined) give(slot, task)
    else if (stages.suspects() === 0) worker.isolates = false
  }
  for (const worker of workers) if (worker.isolates) wanted--
  if (wanted <= 0 || stages.suspects() === 0) return
  const free = [...workers].filter((worker) => !worker.isolates).sort((left, right) => busyOf(left) - busyOf(right))
  for (const worker of free.slice(0, wanted)) worker.isolates = true
  if (free.some((worker) => worker.isolates && busyOf(worker) === 0 && worker.slots.some(({ ready }) => ready)))
    isolateSuspects(stages, workers, give)
}
