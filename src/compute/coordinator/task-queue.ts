import type { RunningStages } from './running-stages.ts'
import { mayRun } from './room.ts'
import type { Stage, Task } from './stage.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/**
 * What there is to do. A task is open from the moment it is taken until it is committed (or, where its stage accumulates,
 * done); one that was lost or handed back goes before new ones.
 */
export interface TaskQueue {
  /** The next task for a thread; `alone` says that it has nothing else to do. */
  take(slot: Slot, alone: boolean): Task | undefined
  /** The next task that must run alone in a worker. */
  takeSuspect(): Task | undefined
  suspects(): number
  /** It is to run again, unless its stage has ended; a stage that was collecting runs again with it. */
  putBack(task: Task): void
  /** A new task for work that was lost. */
  retry(stage: Stage, work: unknown, past: Past): void
  /** A second attempt at what `task` does, to run beside it. */
  twin(task: Task): Task
  /** A new task, about to be sent, for work that was taken back from a thread. */
  replacement(task: Task): Task
  /** It is out of the queue for good. */
  remove(task: Task): void
}

/** What became of work before, as a task for it remembers. */
export type Past = Pick<Task, 'losses' | 'blames' | 'isSuspect'>

const UNTRIED: Past = { losses: [], blames: 0, isSuspect: false }

/** Longer tasks are not queued at a thread: they would wait there while another thread becomes idle. */
const SHORT_MICROS = 20_000

/** `nextNumber` numbers the tasks. */
export function createTaskQueue(
  running: RunningStages,
  workers: ReadonlySet<ConnectedWorker>,
  nextNumber: () => number,
): TaskQueue {
  const addTask = (stage: Stage, work: unknown, past: Past): Task => {
    const task = newTask(nextNumber(), stage, work, past)
    stage.open.add(task)
    return task
  }
  // They are asked for with every task, and change with the number of workers.
  let [counted, countedOf] = [0, -1]
  const threads = () => {
    if (countedOf !== workers.size) [counted, countedOf] = [threadsOf(workers), workers.size]
    return counted
  }
  const takeAgain = (stage: Stage, alone: boolean): Task | undefined => {
    const found = stage.again.findIndex((task) => !task.isSuspect && (alone || task.losses.length === 0))
    return found < 0 ? undefined : stage.again.splice(found, 1)[0]
  }
  const takeFrom = (stage: Stage, alone: boolean): Task | undefined => {
    if (!alone && !isShort(stage)) return undefined
    const again = stage.again.length === 0 ? undefined : takeAgain(stage, alone)
    if (again !== undefined) return again
    const work = stage.spec.next(threads())
    if (work !== undefined) return addTask(stage, work, UNTRIED)
    if (stage.again.length === 0) running.sleep(stage)
    running.settle(stage)
    return undefined
  }
  return {
    take(slot, alone) {
      for (const stage of running.awake()) {
        if (!mayRun(stage, slot, alone, running)) continue
        const task = takeFrom(stage, alone)
        if (task !== undefined) return task
      }
      return undefined
    },
    takeSuspect() {
      for (const { again } of running.awake()) {
        const found = again.findIndex((task) => task.isSuspect)
        if (found >= 0) return again.splice(found, 1)[0]
      }
      return undefined
    },
    suspects() {
      let count = 0
      for (const { again } of running.awake()) for (const task of again) if (task.isSuspect) count++
      return count
    },
    putBack: (task) => putBack(running, task),
    retry: (stage, work, past) => putBack(running, addTask(stage, work, past)),
    twin(task) {
      const twin = addTask(task.stage, task.work, UNTRIED)
      twin.twin = task
      twin.isSecond = true
      task.twin = twin
      return twin
    },
    replacement: ({ stage, work, losses, blames, isSuspect }) => addTask(stage, work, { losses, blames, isSuspect }),
    remove({ stage, ...task }) {
      const at = stage.again.findIndex(({ id }) => id === task.id)
      if (at >= 0) stage.again.splice(at, 1)
    },
  }
}

function putBack(running: RunningStages, task: Task): void {
  const { stage } = task
  if (stage.state === 'ended' || task.revoked) return
  stage.state = 'running'
  stage.open.add(task)
  stage.again.push(task)
  running.wake(stage)
}

function newTask(id: number, stage: Stage, work: unknown, past: Past): Task {
  return {
    id,
    stage,
    work,
    attempt: 0,
    ...past,
    twin: undefined,
    isSecond: false,
    bytesIn: 0,
    startedMs: 0,
    waits: false,
    revoked: false,
  }
}

export function isShort({ taskMicros, spec }: Stage): boolean {
  return spec.ahead !== undefined || (taskMicros !== undefined && taskMicros < SHORT_MICROS)
}

function threadsOf(workers: ReadonlySet<ConnectedWorker>): number {
  let threads = 0
  for (const worker of workers) threads += worker.facts.threads
  return threads
}
