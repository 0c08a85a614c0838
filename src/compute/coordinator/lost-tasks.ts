import type { Timers } from '../../env/clock.ts'
import { WorkerLostError } from '../errors.ts'
import { describeLoss, hintFor } from './loss.ts'
import type { InvestigateLoss, LossRecord } from './loss.ts'
import type { CoordinatorOptions } from './options.ts'
import type { RunningStages } from './running-stages.ts'
import type { Task } from './stage.ts'
import type { TaskQueue } from './task-queue.ts'
import type { Slot } from './worker.ts'

const MAX_LOSSES = 3
/** So many of them must be its own doing beyond doubt: nothing else ran in the worker that was lost. */
const MIN_BLAMES = 2
/** Where it never runs alone, such as beside an actor that is always busy, so many times the losses are proof enough. */
const HOPELESS = 3
/** How long a failing task waits for the system's account of its losses. */
const INVESTIGATION_MS = 3000

/** `isAlone` says that nothing else ran in what was lost, so that what ran there is to blame. */
export type OnSlotLost = (slot: Slot, record: LossRecord, isAlone: boolean) => void

/** What becomes of the tasks of a lost thread: they run again, until one has cost so many workers that its stage fails. */
export function createLostTasks(
  options: CoordinatorOptions,
  running: RunningStages,
  queue: TaskQueue,
  investigate: InvestigateLoss,
): OnSlotLost {
  const maxLosses = options.maxLosses ?? MAX_LOSSES
  const fail = async (task: Task, losses: readonly LossRecord[]) => {
    const known = await within(options.env.timers, Promise.all(losses.map(investigate)), losses)
    const error = lostError(task, known)
    task.stage.spec.poisoned?.(task.work, error)
    if (task.stage.spec.failed === undefined) return running.end(task.stage, error)
    if (task.stage.state === 'ended' || task.revoked) return
    task.stage.open.delete(task)
    task.stage.spec.failed(task.work, error)
    running.settle(task.stage)
  }
  const blame = (task: Task, record: LossRecord, isAlone: boolean) => {
    const { stage, work } = task
    if (stage.state === 'ended' || task.revoked) return
    const losses = [...task.losses, record]
    // Whoever was ended by others has nobody to blame, unless that happens time and again.
    const isOwn = isAlone && record.wasTold !== true
    const blames = task.blames + (isOwn ? 1 : 0)
    const isProven = record.wasTold !== true && blames >= Math.min(MIN_BLAMES, maxLosses)
    const isHopeless = losses.length >= maxLosses * HOPELESS
    if (isHopeless || (losses.length >= maxLosses && isProven)) return void fail(task, losses)
    options.onRetry?.()
    stage.open.delete(task)
    const pieces = isOwn ? stage.spec.split(work) : (stage.spec.rest?.(work) ?? [work])
    const isSuspect = record.wasTold === true ? task.isSuspect : !isAlone
    for (const piece of pieces) queue.retry(stage, piece, { losses, blames, isSuspect })
  }
  /** What was cut short by no fault of its own. */
  const putBack = (task: Task) => {
    if (task.revoked || task.stage.state === 'ended') return
    task.stage.open.delete(task)
    const { losses, blames, isSuspect } = task
    for (const piece of task.stage.spec.split(task.work)) queue.retry(task.stage, piece, { losses, blames, isSuspect })
  }
  return (slot, record, isAlone) => {
    slot.ready = false
    const tasks = slot.sent.splice(0)
    const first = tasks.find((task) => !task.waits)
    const suspects = tasks.filter((task) => task === first || task.waits)
    slot.waiting = 0
    for (const held of slot.accumulated.values()) for (const task of held) queue.putBack(task)
    slot.accumulated.clear()
    for (const { spec } of running.byId.values()) if (spec.home?.() === slot) spec.lost?.(undefined, record, false)
    for (const task of tasks) {
      task.waits = false
      if (task.stage.spec.lost !== undefined) {
        if (isOpen(task)) task.stage.spec.lost(task.work, record, suspects.includes(task))
        task.stage.open.delete(task)
        continue
      }
      if (isSurvivedByTwin(task)) continue
      if (!suspects.includes(task)) queue.putBack(task)
      else if (record.reason === CANCELLED_REASON) putBack(task)
      else blame(task, record, isAlone && suspects.length === 1)
    }
  }
}

/** Of a thread that was ended because what it ran was no longer wanted. */
export const CANCELLED_REASON = 'cancelled'

const isOpen = (task: Task) => !task.revoked && task.stage.state !== 'ended'

/** The other attempt goes on: this one need not be made again. */
function isSurvivedByTwin(task: Task): boolean {
  const { twin, stage } = task
  if (twin === undefined) return false
  task.twin = twin.twin = undefined
  stage.open.delete(task)
  return true
}

function lostError({ stage, work }: Task, losses: readonly LossRecord[]): WorkerLostError {
  const said = `${losses.length} workers lost, the last: ${describeLoss(losses.at(-1)!)}`
  const message = `Cannot run "${stage.spec.name}" on ${stage.spec.describe(work)}: ${said}`
  return new WorkerLostError(message, hintFor(losses), losses)
}

/** What the investigations found, or `fallback` where they fail or take too long. */
function within(
  timers: Timers,
  known: Promise<readonly LossRecord[]>,
  fallback: readonly LossRecord[],
): Promise<readonly LossRecord[]> {
  return new Promise((resolve) => {
    const timer = timers.after(INVESTIGATION_MS, () => resolve(fallback))
    known.then(resolve, () => resolve(fallback)).finally(() => timer.cancel())
  })
}
