import type { Link } from '../wire/link.ts'
import type { CoordinatorMessage, WorkerFacts } from '../wire/messages.ts'
import { demandOf } from './demand.ts'
import type { Demand } from './demand.ts'
import { createDrains } from './drain.ts'
import type { Drains } from './drain.ts'
import { createDispatcher } from './dispatch.ts'
import { watchHeartbeats } from './heartbeats.ts'
import type { LossRecord } from './loss.ts'
import { CANCELLED_REASON } from './lost-tasks.ts'
import type { CoordinatorOptions, WorkerCounts } from './options.ts'
import { createStages } from './stages.ts'
import type { Stages } from './stages.ts'
import type { Needs, Place, StageHandle, StageSpec } from './stage.ts'
import { objectionTo } from './objection.ts'
import { capacityOf } from './room.ts'
import { settleDown } from './settle-down.ts'
import { connectedWorker, runningOf, tell } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'
import { workerFrames } from './worker-frames.ts'
import type { WorkerFrameHandlers } from './worker-frames.ts'

/** Holds the queue, hands tasks to the threads of whatever workers are connected, and commits each result once. */
export interface Coordinator {
  /** Takes over an authenticated connection on which the worker has introduced itself. */
  attach(link: Link, facts: WorkerFacts): AttachedWorker
  open<Work>(spec: StageSpec<Work>): StageHandle
  counts(): WorkerCounts
  /** What each connected worker offers its tasks. */
  capacities(): readonly Needs[]
  /** What there is to do and who does nothing: from this it follows whether workers are to be added or may leave. */
  demand(): Demand
  /**
   * Gives the worker of that pod nothing new. Resolves when it has answered all that it was given and no actor lives there;
   * also when it is lost, or was never there.
   */
  drain(pod: string): Promise<void>
  /** A thread for what stays in one place, such as an actor that holds `needs`; undefined while no worker has room. */
  settleDown(needs: Needs | undefined): Place | undefined
  /** Tells all workers to remove the parts that they keep under `name`. */
  release(name: string): void
  /** What the running stages wait for, one sentence each, with numbers. */
  why(): readonly string[]
  /** Fails all stages with `reason`. */
  failAll(reason: unknown): void
  /** Tells all workers to leave. Stages that run, and all that are opened later, fail with the first `reason`. */
  close(reason: unknown): void
}

/** What the coordinator wants to hear of a worker's connection. */
export interface AttachedWorker {
  frame(kind: number, body: Uint8Array): void
  closed(error: Error | undefined): void
}

export function createCoordinator(options: CoordinatorOptions): Coordinator {
  const { env } = options
  const workers = new Set<ConnectedWorker>()
  let nextWorker = 1
  let closed: { readonly reason: unknown } | undefined
  const investigations = investigationsOf(options)
  const stages = createStages(options, workers, () => dispatcher.dispatch(), investigations.of)
  const dispatcher = createDispatcher(stages, workers, env.clock)
  const drains = createDrains(workers, stages.running)
  const counts = () => countOf(workers)
  const lose = (worker: ConnectedWorker, reason: string) => {
    if (!workers.delete(worker) || closed !== undefined) return
    const record = lossOf(worker, reason)
    investigations.begin(record)
    loseSlots(worker, stages, record)
    if (!worker.isDraining) options.onLoss?.(record)
    drains.look()
    options.onWorkers?.(counts())
    dispatcher.dispatch()
  }
  const heartbeats = watchHeartbeats(options, workers, {
    beat: () => dispatcher.beat(),
    silent(worker, silentMs) {
      lose(worker, `was silent for ${(silentMs / 1000).toFixed(1)} s`)
      worker.link.close()
      options.onSilent?.(worker.facts.pod)
    },
  })
  const handlers = handlersOf(options, stages, drains, counts)

  const coordinator: Coordinator = {
    attach(link, facts) {
      const objection = objectionTo(facts)
      if (objection !== undefined) return refuse(coordinator, link, objection)
      const worker = connectedWorker(nextWorker++, link, facts, env.clock.monotonicMs())
      workers.add(worker)
      options.onWorkers?.(counts())
      const take = workerFrames(worker, handlers)
      return {
        frame(kind, body) {
          worker.lastHeardMs = env.clock.monotonicMs()
          take(kind, body)
          if (worker.isDraining) drains.look()
          dispatcher.dispatchSoon(worker)
        },
        closed: (error) => lose(worker, error === undefined ? 'went away' : `was cut off: ${error.message}`),
      }
    },
    open(spec) {
      const handle = stages.open(spec as StageSpec<unknown>)
      if (closed !== undefined) handle.cancel(closed.reason)
      return handle
    },
    counts,
    capacities: () => Array.from(workers, ({ facts }) => capacityOf(facts)),
    demand: () => demandOf(stages.running, workers),
    drain: drains.drain,
    settleDown: (needs) => settleDown(workers, stages.running, needs),
    release: (name) => tellAll(workers, { type: 'release', name }),
    why: () => stages.why(counts()),
    failAll: (reason) => stages.failAll(reason),
    close(reason) {
      closed ??= { reason }
      heartbeats.stop()
      stages.failAll(reason)
      tellAll(workers, { type: 'leave' })
    },
  }
  return coordinator
}

function handlersOf(
  options: CoordinatorOptions,
  stages: Stages,
  drains: Drains,
  counts: () => WorkerCounts,
): WorkerFrameHandlers {
  return {
    stages,
    nowMs: () => options.env.clock.monotonicMs(),
    onThreads: () => options.onWorkers?.(counts()),
    onThreadLost(slot, record) {
      if (record.reason !== CANCELLED_REASON) options.onLoss?.(record)
      stages.slotLost(slot, record, true)
    },
    onLeaving(worker) {
      worker.isLeaving = true
      options.onLeaving?.(worker.facts.pod)
      void drains.drain(worker.facts.pod).then(() => tell(worker, { type: 'leave' }))
    },
    onLog: (slot, isError, text) => options.onLog?.(logOf(slot, isError, text)),
    onAsk: (slot, body) => options.onAsk?.(slot, body),
  }
}

/** One worker like that means that all are: they come from one image. */
function refuse(coordinator: Coordinator, link: Link, objection: Error): AttachedWorker {
  coordinator.close(objection)
  link.sendControl({ type: 'leave' })
  return { frame() {}, closed() {} }
}

function tellAll(workers: Iterable<ConnectedWorker>, message: CoordinatorMessage): void {
  for (const worker of workers) tell(worker, message)
}

function loseSlots({ slots }: ConnectedWorker, stages: Stages, record: LossRecord): void {
  const busy = slots.filter((slot) => slot.sent.length > 0).length
  for (const slot of slots) stages.slotLost(slot, record, busy === 1)
}

/** Each loss is looked into when it happens: later the system may have forgotten, or speak of the next one. */
function investigationsOf({ investigate }: CoordinatorOptions) {
  const known = new WeakMap<LossRecord, Promise<LossRecord>>()
  return {
    of: (record: LossRecord) => known.get(record) ?? Promise.resolve(record),
    begin(record: LossRecord) {
      const investigation = investigate?.(record).catch(() => record)
      if (investigation !== undefined) known.set(record, investigation)
    },
  }
}

function lossOf({ facts: { pod, node }, peakBytes, isLeaving }: ConnectedWorker, reason: string): LossRecord {
  const told = isLeaving ? { wasTold: true } : {}
  return { pod, node, scope: 'worker', reason, ...told, ...(peakBytes === 0 ? {} : { peakBytes }) }
}

function countOf(workers: ReadonlySet<ConnectedWorker>): WorkerCounts {
  let threads = 0
  for (const worker of workers) for (const slot of worker.slots) if (slot.ready && !slot.isApart) threads++
  return { workers: workers.size, threads }
}

function logOf(slot: Slot, isError: boolean, text: string) {
  const { worker, thread } = slot
  const task = runningOf(slot)
  const { pod, node } = worker.facts
  return {
    pod,
    node,
    thread,
    isError,
    text,
    ...(task === undefined ? {} : { task: task.stage.spec.name, id: task.id }),
  }
}
