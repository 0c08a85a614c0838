import type { RunningStages } from './running-stages.ts'
import type { Stage, Task } from './stage.ts'
import type { ConnectedWorker } from './worker.ts'

/**
 * What there is to do. A task is open from the moment it is taken until it is committed (or, where its stage accumulates,
 * done); one that was lost or handed back goes before new ones.
 */
export interface TaskQueue {
  /** The next task for a thread; `alone` says that it has nothing else to do. */
  take(alone: boolean): Task | undefined
  /** The next task that must run alone in a worker. */
  takeSuspect(): Task | undefined
  suspects(): number
  /** It is to run again, unless its stage has ended; a stage that was collecting runs again with it. */
  putBack(task: Task): void
  /** A new task for work that was lost. */
  retry(stage: Stage, work: unknown, past: Past): void
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
    const task: Task = { id: nextNumber(), stage, work, attempt: 0, ...past }
    stage.open.add(task)
    return task
  }
  const takeFrom = (stage: Stage, alone: boolean): Task | undefined => {
    if (!alone && !isShort(stage)) return undefined
    const found = stage.again.findIndex((task) => !task.isSuspect && (alone || task.losses.length === 0))
    if (found >= 0) return stage.again.splice(found, 1)[0]
    const work = stage.spec.next(threadsOf(workers))
    if (work !== undefined) return addTask(stage, work, UNTRIED)
    running.settle(stage)
    return undefined
  }
  const putBack = (task: Task) => {
    if (task.stage.state === 'ended') return
    task.stage.state = 'running'
    task.stage.open.add(task)
    task.stage.again.push(task)
  }
  return {
    take(alone) {
      for (const stage of running.byId.values()) {
        const task = takeFrom(stage, alone)
        if (task !== undefined) return task
      }
      return undefined
    },
    takeSuspect() {
      for (const { again } of running.byId.values()) {
        const found = again.findIndex((task) => task.isSuspect)
        if (found >= 0) return again.splice(found, 1)[0]
      }
      return undefined
    },
    suspects: () => [...running.byId.values()].reduce((sum, { again }) => sum + again.filter(isSuspect).length, 0),
    putBack,
    retry: (stage, work, past) => putBack(addTask(stage, work, past)),
  }
}

const isSuspect = (task: Task) => task.isSuspect

function isShort({ taskMicros }: Stage): boolean {
  return taskMicros !== undefined && taskMicros < SHORT_MICROS
}

function threadsOf(workers: ReadonlySet<ConnectedWorker>): number {
  let threads = 0
  for (const worker of workers) threads += worker.slots.length
  return threads
}
