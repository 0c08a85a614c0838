import type { Clock } from '../../env/clock.ts'
import type { Task } from './stage.ts'
import type { Stages } from './stages.ts'
import { introduce, runningOf, sendTask } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/** Encodes an attempt at a task and sends it to a thread, with what the worker must know of its stage before. */
export type Give = (slot: Slot, task: Task) => void

/** `hasRoom` is called when a thread that room was kept at for a task has it or does without. */
export function createGiver(
  stages: Pick<Stages, 'fail' | 'handBack'>,
  workers: ReadonlySet<ConnectedWorker>,
  clock: Pick<Clock, 'monotonicMs'>,
  hasRoom: (worker: ConnectedWorker) => void,
): Give {
  const send = (slot: Slot, task: Task, payload: Uint8Array) => {
    task.bytesIn = payload.byteLength
    sendTask(slot, task, payload)
    begin(slot, clock.monotonicMs())
  }
  const sendLater = async (slot: Slot, task: Task, payload: Promise<Uint8Array>) => {
    slot.reserved++
    try {
      const bytes = await payload
      if (task.stage.state === 'ended' || task.revoked) return
      if (workers.has(slot.worker) && slot.ready) send(slot, task, bytes)
      else stages.handBack(task)
    } catch (error) {
      stages.fail(task, error)
    } finally {
      slot.reserved--
      hasRoom(slot.worker)
    }
  }
  return (slot, task) => {
    task.attempt++
    introduce(slot.worker, task.stage)
    try {
      const payload = task.stage.spec.encode(task.work, slot.worker.seesFiles)
      if (payload instanceof Promise) void sendLater(slot, task, payload)
      else send(slot, task, payload)
    } catch (error) {
      stages.fail(task, error)
    }
  }
}

/** The thread is at its first task from now on, if it was not before. */
export function begin(slot: Slot, nowMs: number): void {
  const task = runningOf(slot)
  if (task === undefined || task.startedMs > 0) return
  task.startedMs = nowMs
  task.stage.spec.started?.(task.work, slot)
}
