import type { TaskFailure } from '../wire/task-failure.ts'
import type { InvestigateLoss } from './loss.ts'
import { createLostTasks } from './lost-tasks.ts'
import type { OnSlotLost } from './lost-tasks.ts'
import type { CoordinatorOptions, WorkerCounts } from './options.ts'
import { createRunningStages } from './running-stages.ts'
import type { Stage, StageHandle, StageSpec, Task } from './stage.ts'
import { createTaskQueue } from './task-queue.ts'
import type { TaskQueue } from './task-queue.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/** The stages that run, their queue, and what becomes of their tasks. */
export interface Stages extends Pick<TaskQueue, 'take' | 'takeSuspect' | 'suspects'> {
  open(spec: StageSpec<unknown>): StageHandle
  done(slot: Slot, task: Task, payload: Uint8Array, micros: number): void
  failed(task: Task, failure: TaskFailure): void
  fail(stage: Stage, error: unknown): void
  /** It was not run and nobody is to blame. */
  handBack(task: Task): void
  part(slot: Slot, stage: number, part: Uint8Array): void
  readonly slotLost: OnSlotLost
  why(counts: WorkerCounts): readonly string[]
  failAll(reason: unknown): void
}

export function createStages(
  options: CoordinatorOptions,
  workers: ReadonlySet<ConnectedWorker>,
  dispatch: () => void,
  investigate: InvestigateLoss,
): Stages {
  // Tasks and requests for what threads have accumulated are numbered in one sequence.
  let last = 0
  const nextNumber = () => ++last
  const running = createRunningStages(options, workers, nextNumber)
  const queue = createTaskQueue(running, workers, nextNumber)
  return {
    open(spec) {
      const { stage, finished } = running.begin(spec)
      const wake = () => {
        dispatch()
        running.settle(stage)
      }
      queueMicrotask(wake)
      return { finished, wake, cancel: (reason) => running.end(stage, reason ?? new Error('cancelled')) }
    },
    take: queue.take,
    takeSuspect: queue.takeSuspect,
    suspects: queue.suspects,
    done(slot, task, payload, micros) {
      const { stage } = task
      if (stage.state === 'ended') return
      countDone(slot, task, micros)
      try {
        stage.spec.commit(task.work, payload, micros)
        running.settle(stage)
      } catch (error) {
        running.end(stage, error)
      }
    },
    failed(task, failure) {
      if (task.stage.state !== 'ended') running.end(task.stage, task.stage.spec.fail(task.work, failure))
    },
    fail: running.end,
    handBack: queue.putBack,
    part: running.part,
    slotLost: createLostTasks(options, running, queue, investigate),
    why: (counts) => Array.from(running.byId.values(), (stage) => whyOf(stage, counts)),
    failAll: (reason) => [...running.byId.values()].forEach((stage) => running.end(stage, reason)),
  }
}

/** The task is no longer open; its thread holds what it gave where the stage accumulates. */
function countDone(slot: Slot, task: Task, micros: number): void {
  const { stage } = task
  stage.open.delete(task)
  stage.taskMicros = stage.taskMicros === undefined ? micros : (stage.taskMicros + micros) / 2
  if (!stage.spec.accumulates) return
  const held = slot.accumulated.get(stage)
  if (held === undefined) slot.accumulated.set(stage, [task])
  else held.push(task)
}

function whyOf(stage: Stage, { workers, threads }: WorkerCounts): string {
  const { name } = stage.spec
  if (threads === 0) return `"${name}" waits for a worker: ${workers} are connected, none has a thread that is ready`
  if (stage.state === 'collecting') return `"${name}" waits for parts that ${workers} workers have accumulated`
  const waiting = stage.again.length > 0 ? `, ${stage.again.length} wait to be tried again` : ''
  return `"${name}" runs ${stage.open.size} tasks on ${threads} threads${waiting}`
}
