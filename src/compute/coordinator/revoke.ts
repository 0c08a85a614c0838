import type { CoordinatorOptions } from './options.ts'
import { graceOf } from './running-stages.ts'
import type { Stage, Task } from './stage.ts'
import type { TaskQueue } from './task-queue.ts'
import { tell } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/** Takes tasks back from the threads that have them. */
export interface Revoker {
  /** Whatever is done or waits to be done of `work`, or, with `piece`, that piece of it alone. Answers whether there was any. */
  revoke(stage: Stage, work: unknown, piece?: number): boolean
  /** The task has come to its end: the other attempt at it need not. */
  revokeTwin(task: Task): void
  revokeTask(task: Task): void
  /** See `StageHandle.more`. */
  more(stage: Stage, work: unknown, piece: number, count: number): void
}

export function createRevoker(
  options: CoordinatorOptions,
  workers: ReadonlySet<ConnectedWorker>,
  queue: Pick<TaskQueue, 'remove'>,
): Revoker {
  const stop = (task: Task, piece?: number): boolean => {
    const slot = slotOf(workers, task)
    if (slot === undefined) return false
    const { id, attempt, stage } = task
    const { worker, thread } = slot
    const which = piece === undefined ? {} : { index: piece }
    tell(worker, { type: 'revoke', stage: stage.id, task: id, attempt, thread, ...which, graceMs: graceOf(options) })
    return true
  }
  const revokeWhole = (task: Task) => {
    task.revoked = true
    task.stage.open.delete(task)
    queue.remove(task)
    return stop(task)
  }
  return {
    revoke(stage, work, piece) {
      let found = false
      for (const task of Array.from(stage.open)) {
        if (task.work !== work) continue
        found = (piece === undefined ? revokeWhole(task) : stop(task, piece)) || found
      }
      return found
    },
    revokeTwin(task) {
      const { twin } = task
      if (twin === undefined) return
      task.twin = twin.twin = undefined
      revokeWhole(twin)
    },
    revokeTask: revokeWhole,
    more(stage, work, piece, count) {
      for (const task of stage.open) {
        const slot = task.work === work ? slotOf(workers, task) : undefined
        if (slot === undefined) continue
        const { worker, thread } = slot
        tell(worker, { type: 'more', task: task.id, attempt: task.attempt, thread, index: piece, count })
      }
    },
  }
}

/** Where the task is, if it was sent. */
function slotOf(workers: ReadonlySet<ConnectedWorker>, task: Task): Slot | undefined {
  for (const worker of workers) for (const slot of worker.slots) if (slot.sent.includes(task)) return slot
  return undefined
}
