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
    running.end(task.stage, lostError(task, known))
  }
  const blame = (task: Task, record: LossRecord, isAlone: boolean) => {
    const { stage, work } = task
    if (stage.state === 'ended') return
    const losses = [...task.losses, record]
    const blames = task.blames + (isAlone ? 1 : 0)
    const isProven = blames >= Math.min(MIN_BLAMES, maxLosses)
    if (losses.length >= maxLosses && isProven) return void fail(task, losses)
    options.onRetry?.()
    stage.open.delete(task)
    const pieces = isAlone ? stage.spec.split(work) : [work]
    for (const piece of pieces) queue.retry(stage, piece, { losses, blames, isSuspect: !isAlone })
  }
  return (slot, record, isAlone) => {
    slot.ready = false
    const [ran, ...queued] = slot.sent.splice(0)
    for (const task of queued) queue.putBack(task)
    for (const tasks of slot.accumulated.values()) for (const task of tasks) queue.putBack(task)
    slot.accumulated.clear()
    if (ran !== undefined) blame(ran, record, isAlone)
  }
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
