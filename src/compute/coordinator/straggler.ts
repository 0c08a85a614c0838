import type { Task } from './stage.ts'
import { runningOf } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/** Nothing is run twice before it has taken this long, and so many times what tasks of its stage take. */
const MIN_MS = 1000
const FACTOR = 4

/** The task that has kept another thread far longer than its like, and may run a second time on this one. */
export function stragglerFor(slot: Slot, workers: ReadonlySet<ConnectedWorker>, nowMs: number): Task | undefined {
  let slowest: Task | undefined
  for (const worker of workers) {
    for (const other of worker.slots) {
      const task = other === slot || other.isApart ? undefined : runningOf(other)
      if (task === undefined || !straggles(task, nowMs)) continue
      if (slowest === undefined || task.startedMs < slowest.startedMs) slowest = task
    }
  }
  return slowest
}

function straggles(task: Task, nowMs: number): boolean {
  const { spec, taskMicros } = task.stage
  if (spec.twice === false || spec.accumulates || spec.home !== undefined || spec.needs !== undefined) return false
  if (taskMicros === undefined || task.twin !== undefined || task.revoked || task.losses.length > 0) return false
  return nowMs - task.startedMs > Math.max(MIN_MS, (taskMicros / 1000) * FACTOR)
}

/** What waits at a thread is not to wait for longer than this while another thread has nothing to do. */
const STUCK_MS = 50

/** A task that waits behind one which takes longer than was thought. */
export function stuckBehind(workers: ReadonlySet<ConnectedWorker>, nowMs: number): Task | undefined {
  for (const worker of workers) {
    for (const slot of worker.slots) {
      if (slot.isApart || slot.sent.length < 2) continue
      const first = runningOf(slot)
      if (first === undefined || nowMs - first.startedMs < STUCK_MS) continue
      const stuck = slot.sent.find((task) => task !== first && !task.waits && !task.revoked && task.startedMs === 0)
      if (stuck !== undefined && stuck.twin === undefined) return stuck
    }
  }
  return undefined
}
