import type { TaskFailure } from '../wire/task-failure.ts'
import { WorkerLostError } from '../errors.ts'
import type { CoordinatorOptions, WorkerCounts } from './options.ts'
import { describeLoss, hintFor } from './loss.ts'
import type { InvestigateLoss, LossRecord } from './loss.ts'
import type { Stage, StageHandle, StageSpec, Task } from './stage.ts'
import { tell } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/**
 * The stages that run, and what becomes of their tasks. A task is open from the moment it is taken until it is committed
 * (or, where its stage accumulates, done); a loss puts it back. A stage goes from running to collecting when nothing is
 * open and nothing more comes, back when a thread is lost before it was collected, and ends once.
 */
export interface Stages {
  open(spec: StageSpec<unknown>): StageHandle
  /** The next task for a thread; `alone` says that it has nothing else to do. */
  take(alone: boolean): Task | undefined
  /** The next task that must run alone in a worker. */
  takeSuspect(): Task | undefined
  suspects(): number
  done(slot: Slot, task: Task, payload: Uint8Array, micros: number): void
  failed(task: Task, failure: TaskFailure): void
  fail(stage: Stage, error: unknown): void
  /** It was not run and nobody is to blame. */
  handBack(task: Task): void
  part(slot: Slot, stage: number, part: Uint8Array): void
  /** `isAlone` says that nothing else ran in what was lost, so that what ran there is to blame. */
  slotLost(slot: Slot, record: LossRecord, isAlone: boolean): void
  why(counts: WorkerCounts): readonly string[]
  failAll(reason: unknown): void
}

const MAX_LOSSES = 3
const CANCEL_GRACE_MS = 250
/** How long a failing task waits for the system's account of its losses. */
const INVESTIGATION_MS = 3000

export function createStages(
  options: CoordinatorOptions,
  workers: ReadonlySet<ConnectedWorker>,
  dispatch: () => void,
  investigate: InvestigateLoss,
): Stages {
  const running = new Map<number, Stage>()
  const maxLosses = options.maxLosses ?? MAX_LOSSES
  let nextStage = 1
  let nextTask = 1

  const end = (stage: Stage, error?: unknown) => {
    if (stage.state === 'ended') return
    const graceMs = options.cancelGraceMs ?? CANCEL_GRACE_MS
    const cancelled = error !== undefined
    stage.state = 'ended'
    running.delete(stage.id)
    for (const worker of workers) {
      for (const slot of worker.slots) slot.accumulated.delete(stage)
      if (!worker.stagesSent.delete(stage.id)) continue
      if (cancelled) tell(worker, { type: 'cancel', stage: stage.id, graceMs })
      tell(worker, { type: 'forget', stage: stage.id })
    }
    stage.finish(error)
  }
  /** Moves on where all tasks are done: collects what threads have accumulated, then ends. */
  const settle = (stage: Stage) => {
    if (stage.state === 'ended' || stage.open.size > 0 || !stage.spec.isExhausted()) return
    const holders = [...workers].flatMap(({ slots }) => slots.filter((slot) => slot.accumulated.has(stage)))
    if (holders.length === 0) return end(stage)
    if (stage.state === 'collecting') return
    stage.state = 'collecting'
    for (const { worker, thread } of holders) {
      tell(worker, { type: 'collect', stage: stage.id, thread, request: nextTask++ })
    }
  }
  const addTask = (stage: Stage, work: unknown, past: Past = UNTRIED): Task => {
    const task: Task = { id: nextTask++, stage, work, attempt: 0, ...past }
    stage.open.add(task)
    return task
  }
  const takeFrom = (stage: Stage, alone: boolean): Task | undefined => {
    if (!alone && !isShort(stage)) return undefined
    const found = stage.again.findIndex((task) => !task.isSuspect && (alone || task.losses.length === 0))
    if (found >= 0) return stage.again.splice(found, 1)[0]
    const work = stage.spec.next(threadsOf(workers))
    if (work !== undefined) return addTask(stage, work)
    settle(stage)
    return undefined
  }
  const again = (task: Task) => {
    if (task.stage.state === 'ended') return
    task.stage.state = 'running'
    task.stage.open.add(task)
    task.stage.again.push(task)
  }
  const blame = (task: Task, record: LossRecord, isAlone: boolean) => {
    const { stage, work } = task
    if (stage.state === 'ended') return
    const losses = [...task.losses, record]
    const blames = task.blames + (isAlone ? 1 : 0)
    if (blames >= maxLosses) return void failLost(task, losses)
    options.onRetry?.()
    stage.open.delete(task)
    const pieces = isAlone ? stage.spec.split(work) : [work]
    for (const piece of pieces) again(addTask(stage, piece, { losses, blames, isSuspect: !isAlone }))
  }
  const failLost = async (task: Task, losses: readonly LossRecord[]) => {
    const known = await within(Promise.all(losses.map(investigate)), losses)
    const what = task.stage.spec.describe(task.work)
    const said = `${known.length} workers lost, the last: ${describeLoss(known.at(-1)!)}`
    end(
      task.stage,
      new WorkerLostError(`Cannot run "${task.stage.spec.name}" on ${what}: ${said}`, hintFor(known), known),
    )
  }
  const within = (known: Promise<LossRecord[]>, fallback: readonly LossRecord[]) =>
    new Promise<readonly LossRecord[]>((resolve) => {
      const timer = options.env.timers.after(INVESTIGATION_MS, () => resolve(fallback))
      known.then(resolve, () => resolve(fallback)).finally(() => timer.cancel())
    })

  return {
    open(spec) {
      const { promise: finished, resolve, reject } = Promise.withResolvers<void>()
      const finish = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      const stage: Stage = {
        id: nextStage++,
        spec,
        again: [],
        open: new Set(),
        finish,
        state: 'running',
        taskMicros: undefined,
      }
      running.set(stage.id, stage)
      queueMicrotask(() => {
        dispatch()
        settle(stage)
      })
      const wake = () => {
        dispatch()
        settle(stage)
      }
      return { finished, wake, cancel: (reason) => end(stage, reason ?? new Error('cancelled')) }
    },
    take(alone) {
      for (const stage of running.values()) {
        const task = takeFrom(stage, alone)
        if (task !== undefined) return task
      }
      return undefined
    },
    takeSuspect() {
      for (const { again } of running.values()) {
        const found = again.findIndex((task) => task.isSuspect)
        if (found >= 0) return again.splice(found, 1)[0]
      }
      return undefined
    },
    suspects: () => [...running.values()].reduce((sum, stage) => sum + stage.again.filter(isSuspect).length, 0),
    done(slot, task, payload, micros) {
      const { stage } = task
      if (stage.state === 'ended') return
      stage.open.delete(task)
      stage.taskMicros = stage.taskMicros === undefined ? micros : (stage.taskMicros + micros) / 2
      if (stage.spec.accumulates) {
        const held = slot.accumulated.get(stage)
        if (held === undefined) slot.accumulated.set(stage, [task])
        else held.push(task)
      }
      try {
        stage.spec.commit(task.work, payload, micros)
        settle(stage)
      } catch (error) {
        end(stage, error)
      }
    },
    failed(task, failure) {
      if (task.stage.state !== 'ended') end(task.stage, task.stage.spec.fail(task.work, failure))
    },
    fail: (stage, error) => end(stage, error),
    handBack: again,
    part(slot, id, part) {
      const stage = running.get(id)
      if (stage === undefined || !slot.accumulated.delete(stage)) return
      stage.spec.commitPart?.(part)
      if (stage.open.size === 0 && holdersLeft(workers, stage) === 0) end(stage)
    },
    slotLost(slot, record, isAlone) {
      slot.ready = false
      const [running, ...queued] = slot.sent.splice(0)
      for (const task of queued) again(task)
      for (const tasks of slot.accumulated.values()) for (const task of tasks) again(task)
      slot.accumulated.clear()
      if (running !== undefined) blame(running, record, isAlone)
    },
    why: (counts) => Array.from(running.values(), (stage) => whyOf(stage, counts)),
    failAll: (reason) => [...running.values()].forEach((stage) => end(stage, reason)),
  }
}

type Past = Pick<Task, 'losses' | 'blames' | 'isSuspect'>

const UNTRIED: Past = { losses: [], blames: 0, isSuspect: false }

const isSuspect = (task: Task) => task.isSuspect

/** Longer tasks are not queued at a thread: they would wait there while another thread becomes idle. */
const SHORT_MICROS = 20_000

function isShort({ taskMicros }: Stage): boolean {
  return taskMicros !== undefined && taskMicros < SHORT_MICROS
}

function holdersLeft(workers: ReadonlySet<ConnectedWorker>, stage: Stage): number {
  let holders = 0
  for (const { slots } of workers) for (const slot of slots) if (slot.accumulated.has(stage)) holders++
  return holders
}

function threadsOf(workers: ReadonlySet<ConnectedWorker>): number {
  let threads = 0
  for (const worker of workers) threads += worker.slots.length
  return threads
}

function whyOf(stage: Stage, { workers, threads }: WorkerCounts): string {
  const { name } = stage.spec
  if (threads === 0) return `"${name}" waits for a worker: ${workers} are connected, none has a thread that is ready`
  if (stage.state === 'collecting') return `"${name}" waits for parts that ${workers} workers have accumulated`
  const waiting = stage.again.length > 0 ? `, ${stage.again.length} wait to be tried again` : ''
  return `"${name}" runs ${stage.open.size} tasks on ${threads} threads${waiting}`
}
