import type { Clock } from '../../env/clock.ts'
import type { Stages } from './stages.ts'
import { createGiver } from './give.ts'
import type { Give } from './give.ts'
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
  /** Gives the worker something to do, once for all that happens in this turn. */
  dispatchSoon(worker: ConnectedWorker): void
  /** From time to time: looks at all threads, and gives those that have nothing to do what others take too long over. */
  beat(): void
}

/**
 * After all workers have been looked at, a thread that has room has it because there is nothing for it to do. So only the workers that
 * something was heard of are looked at again, until a stage has something that it did not have before: a thousand workers cost no
 * more for each task than two.
 */
export function createDispatcher(
  stages: Stages,
  workers: ReadonlySet<ConnectedWorker>,
  clock: Pick<Clock, 'monotonicMs'>,
): Dispatcher {
  const { running } = stages
  const touched = new Set<ConnectedWorker>()
  let soon = false
  let seen = -1
  let isIsolating = false
  const give = createGiver(stages, workers, clock, (worker) => dispatchSoon(worker))
  const fillWorker = createFiller(stages, give)
  const isolate = () => {
    if (!isIsolating && stages.suspects() === 0) return
    isolateSuspects(stages, workers, give)
    isIsolating = [...workers].some(({ isolates }) => isolates)
    // Whom it has let go has room again.
    seen = -1
  }
  const dispatch = () => {
    isolate()
    seen = running.changes()
    fillAll(workers)
  }
  const dispatchTouched = () => {
    soon = false
    const some = [...touched]
    touched.clear()
    if (isIsolating || seen !== running.changes() || stages.suspects() > 0) return dispatch()
    fillAll(some.filter((worker) => workers.has(worker)))
  }
  const fillAll = (some: Iterable<ConnectedWorker>) => {
    // Breadth first: nobody gets a second task while another thread has none.
    for (let depth = 0; depth < PREFETCH; depth++) {
      for (const worker of some) {
        if (running.awake().length === 0) return
        if (worker.link.pendingBytes > MAX_PENDING_BYTES) void worker.link.drained().then(() => dispatchSoon(worker))
        else fillWorker(worker, depth)
      }
    }
  }
  const dispatchSoon = (worker: ConnectedWorker) => {
    touched.add(worker)
    if (soon) return
    soon = true
    queueMicrotask(dispatchTouched)
  }
  const beat = () => {
    dispatch()
    giveStragglers(stages, workers, clock.monotonicMs(), give)
  }
  return { dispatch, dispatchSoon, beat }
}

/** Gives the threads of a worker that have so much to do what they have room for. */
function createFiller(stages: Stages, give: Give): (worker: ConnectedWorker, depth: number) => void {
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
  return (worker, depth) => {
    for (const slot of worker.slots) {
      if (!slot.ready) continue
      if (slot.isApart) fillApart(slot)
      else if (!worker.isolates && !worker.isDraining && loadOf(slot) === depth) fill(slot)
    }
  }
}

function giveStragglers(stages: Stages, workers: ReadonlySet<ConnectedWorker>, nowMs: number, give: Give): void {
  for (const worker of workers) {
    for (const slot of worker.slots) {
      if (!isIdle(slot)) continue
      const stuck = stuckBehind(workers, nowMs)
      const straggler = stuck === undefined ? stragglerFor(slot, workers, nowMs) : undefined
      if (stuck !== undefined) give(slot, stages.again(stuck))
      else if (straggler !== undefined) give(slot, stages.twin(straggler))
      // Nor is there anything for the next thread.
      else return
    }
  }
}

const isIdle = (slot: Slot) =>
  slot.ready && !slot.isApart && !slot.worker.isolates && !slot.worker.isDraining && loadOf(slot) === 0

function busyOf(worker: ConnectedWorker): number {
  return worker.slots.reduce((sum, slot) => sum + (slot.isApart ? 0 : loadOf(slot)), 0)
}

/** Keeps workers free for tasks that must run alone in one, and gives them these: at most half of them, at least one. */
function isolateSuspects(stages: Stages, workers: ReadonlySet<ConnectedWorker>, give: Give): void {
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
