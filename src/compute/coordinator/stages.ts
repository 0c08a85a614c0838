import type { TaskFailure } from '../wire/task-failure.ts'
import type { InvestigateLoss } from './loss.ts'
import { createLostTasks } from './lost-tasks.ts'
import type { OnSlotLost } from './lost-tasks.ts'
import type { CoordinatorOptions, WorkerCounts } from './options.ts'
import { createRevoker } from './revoke.ts'
import type { Revoker } from './revoke.ts'
import { createRunningStages } from './running-stages.ts'
import type { RunningStages } from './running-stages.ts'
import type { Stage, StageHandle, StageSpec, Task } from './stage.ts'
import { createTaskQueue } from './task-queue.ts'
import type { TaskQueue } from './task-queue.ts'
import { recordOf } from './task-record.ts'
import type { TaskEnd } from './task-record.ts'
import { runningOf } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/** The stages that run, their queue, and what becomes of their tasks. */
export interface Stages extends Pick<TaskQueue, 'take' | 'takeSuspect' | 'suspects' | 'twin'> {
  readonly running: RunningStages
  open(spec: StageSpec<unknown>): StageHandle
  done(slot: Slot, task: Task, payload: Uint8Array, micros: number): void
  partial(slot: Slot, task: Task, payload: Uint8Array): void
  failed(slot: Slot, task: Task, failure: TaskFailure, micros: number): void
  /** The task cannot be sent or committed: it fails alone where its stage allows that, else the stage fails. */
  fail(task: Task, error: unknown): void
  /** It was not run and nobody is to blame. */
  handBack(task: Task): void
  /** Another task for work that waits in the wrong place, where it is given up. */
  again(task: Task): Task
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
  const revoker = createRevoker(options, workers, queue)
  const fail = (task: Task, error: unknown) => failTask(running, task, error)
  const lost = createLostTasks(options, running, queue, investigate)
  const told = (slot: Slot, task: Task, end: Omit<TaskEnd, 'endedMs'>) =>
    options.onTask?.(recordOf(task, slot, { endedMs: options.env.clock.now(), ...end }))
  const tellLost = (slot: Slot) => {
    const task = runningOf(slot)
    if (task === undefined) return
    const micros = Math.round((options.env.clock.monotonicMs() - task.startedMs) * 1000)
    told(slot, task, { micros, bytesOut: 0, outcome: 'lost' })
  }
  return {
    ...takers(queue),
    running,
    open: (spec) => handleOf(running, revoker, dispatch, spec),
    done(slot, task, payload, micros) {
      const { stage } = task
      const isLate = stage.state === 'ended' || task.revoked
      told(slot, task, { micros, bytesOut: payload.byteLength, outcome: isLate ? 'late' : 'done' })
      if (isLate) return
      revoker.revokeTwin(task)
      countDone(slot, task, micros)
      try {
        stage.spec.commit(task.work, payload, micros)
        running.settle(stage)
      } catch (error) {
        running.end(stage, error)
      }
    },
    partial(slot, task, payload) {
      if (task.stage.state === 'ended' || task.revoked) return
      task.stage.spec.partial?.(task.work, payload, slot)
    },
    failed(slot, task, failure, micros) {
      const isLate = task.stage.state === 'ended' || task.revoked
      told(slot, task, { micros, bytesOut: 0, outcome: isLate ? 'late' : 'failed' })
      if (isLate) return
      revoker.revokeTwin(task)
      fail(task, task.stage.spec.fail(task.work, failure))
    },
    fail,
    handBack: queue.putBack,
    again(task) {
      revoker.revokeTask(task)
      return queue.replacement(task)
    },
    part: running.part,
    slotLost(slot, record, isAlone) {
      tellLost(slot)
      lost(slot, record, isAlone)
    },
    why: (counts) => [...running.byId.values()].flatMap((stage) => whyOf(stage, counts)),
    failAll: (reason) => [...running.byId.values()].forEach((stage) => running.end(stage, reason)),
  }
}

const takers = ({ take, takeSuspect, suspects, twin }: TaskQueue) => ({ take, takeSuspect, suspects, twin })

function handleOf(
  running: RunningStages,
  revoker: Revoker,
  dispatch: () => void,
  spec: StageSpec<unknown>,
): StageHandle {
  const { stage, finished } = running.begin(spec)
  const wake = () => {
    if (stage.state === 'ended') return
    const before = running.changes()
    running.wake(stage)
    // One that was awake has nothing but what threads have no room for; a home may have been found.
    if (running.changes() !== before || spec.home !== undefined) dispatch()
    running.settle(stage)
  }
  // A new one is awake from the start: nothing but this hands its first tasks to threads that have nothing to do.
  queueMicrotask(() => {
    if (stage.state === 'ended') return
    dispatch()
    running.settle(stage)
  })
  return {
    finished,
    wake,
    cancel: (reason) => running.end(stage, reason ?? new Error('cancelled')),
    revoke: (work, piece) => revoker.revoke(stage, work, piece),
    more: (work, piece, count) => revoker.more(stage, work, piece, count),
  }
}

function failTask(running: RunningStages, task: Task, error: unknown): void {
  const { stage, work } = task
  if (stage.state === 'ended') return
  if (stage.spec.failed === undefined) return running.end(stage, error)
  stage.open.delete(task)
  stage.spec.failed(work, error as Error)
  running.settle(stage)
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

function whyOf(stage: Stage, { workers, threads }: WorkerCounts): readonly string[] {
  const { name } = stage.spec
  // One that stays open for whatever comes, such as the calls of a function, waits for nothing of itself.
  if (!stage.isAwake && stage.open.size === 0 && !stage.spec.isExhausted()) return []
  if (threads === 0) return [`"${name}" waits for a worker: ${workers} are connected, none has a thread that is ready`]
  if (stage.state === 'collecting') return [`"${name}" waits for parts that ${workers} workers have accumulated`]
  const waiting = stage.again.length > 0 ? `, ${stage.again.length} wait to be tried again` : ''
  return [`"${name}" runs ${stage.open.size - stage.again.length} tasks on ${threads} threads${waiting}`]
}
