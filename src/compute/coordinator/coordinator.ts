import type { Link } from '../wire/link.ts'
import { readControl } from '../wire/link.ts'
import { FRAME, PART_HEADER_BYTES, readResultHeader, RESULT_HEADER_BYTES, STATUS } from '../wire/messages.ts'
import type { WorkerFacts, WorkerMessage } from '../wire/messages.ts'
import type { TaskFailure } from '../wire/task-failure.ts'
import { decodeValue } from '../wire/values.ts'
import { createDispatcher } from './dispatch.ts'
import { watchHeartbeats } from './heartbeats.ts'
import type { LossRecord } from './loss.ts'
import type { CoordinatorOptions, WorkerCounts } from './options.ts'
import { createStages } from './stages.ts'
import type { StageHandle, StageSpec } from './stage.ts'
import { connectedWorker, tell } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/** Holds the queue, hands tasks to the threads of whatever workers are connected, and commits each result once. */
export interface Coordinator {
  /** Takes over an authenticated connection on which the worker has introduced itself. */
  attach(link: Link, facts: WorkerFacts): AttachedWorker
  open<Work>(spec: StageSpec<Work>): StageHandle
  counts(): WorkerCounts
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
  /** Each loss is looked into when it happens: later the system may have forgotten, or speak of the next one. */
  const investigations = new WeakMap<LossRecord, Promise<LossRecord>>()
  const investigated = (record: LossRecord) => investigations.get(record) ?? Promise.resolve(record)
  const stages = createStages(options, workers, () => dispatcher.dispatch(), investigated)
  const dispatcher = createDispatcher(stages, workers)
  const counts = () => countOf(workers)
  const lose = (worker: ConnectedWorker, reason: string) => {
    if (!workers.delete(worker) || closed !== undefined) return
    const record = lossOf(worker, reason)
    const investigation = options.investigate?.(record)
    if (investigation !== undefined)
      investigations.set(
        record,
        investigation.catch(() => record),
      )
    options.onLoss?.(record)
    const busy = worker.slots.filter((slot) => slot.sent.length > 0).length
    for (const slot of worker.slots) stages.slotLost(slot, record, busy === 1)
    options.onWorkers?.(counts())
    dispatcher.dispatch()
  }
  const heartbeats = watchHeartbeats(options, workers, (worker, silentMs) => {
    lose(worker, `was silent for ${(silentMs / 1000).toFixed(1)} s`)
    worker.link.close()
    options.onSilent?.(worker.facts.pod)
  })

  return {
    attach(link, facts) {
      const worker = connectedWorker(nextWorker++, link, facts, env.clock.monotonicMs())
      workers.add(worker)
      options.onWorkers?.(counts())
      const message = workerMessages(worker, (slot, record) => {
        if (record.reason !== CANCELLED_REASON) options.onLoss?.(record)
        stages.slotLost(slot, record, true)
        dispatcher.dispatch()
      })
      return {
        frame(kind, body) {
          worker.lastHeardMs = env.clock.monotonicMs()
          if (kind === FRAME.result) takeResult(stages, worker, body)
          else if (kind === FRAME.part) takePart(stages, worker, body)
          else if (message(readControl(body) as WorkerMessage)) options.onWorkers?.(counts())
          dispatcher.dispatchSoon()
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
    release(name) {
      for (const worker of workers) tell(worker, { type: 'release', name })
    },
    why: () => stages.why(counts()),
    failAll: (reason) => stages.failAll(reason),
    close(reason) {
      closed ??= { reason }
      heartbeats.stop()
      stages.failAll(reason)
      for (const worker of workers) tell(worker, { type: 'leave' })
    },
  }
}

function lossOf({ facts: { pod, node }, peakBytes }: ConnectedWorker, reason: string): LossRecord {
  return { pod, node, scope: 'worker', reason, ...(peakBytes === 0 ? {} : { peakBytes }) }
}

function countOf(workers: ReadonlySet<ConnectedWorker>): WorkerCounts {
  let threads = 0
  for (const worker of workers) for (const slot of worker.slots) if (slot.ready) threads++
  return { workers: workers.size, threads }
}

/** Of a thread that was ended because what it ran was no longer wanted. */
const CANCELLED_REASON = 'cancelled'

/** Answers whether the number of threads that can work has changed. */
function workerMessages(worker: ConnectedWorker, onThreadLost: (slot: Slot, record: LossRecord) => void) {
  return (message: WorkerMessage): boolean => {
    if (message.type === 'thread-ready') {
      const slot = worker.slots[message.thread]
      if (slot !== undefined) slot.ready = true
      return true
    }
    if (message.type === 'pong') worker.peakBytes = Math.max(worker.peakBytes, message.residentBytes)
    if (message.type !== 'thread-lost') return false
    const slot = worker.slots[message.thread]
    if (slot === undefined) return false
    const { exitCode, reason, message: said } = message.death
    const words =
      reason === 'exited' ? `exited with code ${exitCode}` : reason === 'error' ? 'ended by an error' : reason
    onThreadLost(slot, {
      pod: worker.facts.pod,
      node: worker.facts.node,
      scope: 'thread',
      reason: reason === 'out of memory' ? 'ran out of memory' : words,
      exitCode,
      outOfMemory: reason === 'out of memory',
      ...(said === undefined ? {} : { message: said }),
    })
    return true
  }
}

type Stages = ReturnType<typeof createStages>

function takeResult(stages: Stages, worker: ConnectedWorker, body: Uint8Array): void {
  const header = readResultHeader(body)
  const slot = worker.slots[header.thread]
  const at = slot?.sent.findIndex((task) => task.id === header.task && task.attempt === header.attempt) ?? -1
  // A late attempt: what it made was lost, or made by another since.
  if (slot === undefined || at < 0) return
  const task = slot.sent.splice(at, 1)[0]!
  const payload = body.subarray(RESULT_HEADER_BYTES)
  if (header.status === STATUS.done) stages.done(slot, task, payload, header.micros)
  else if (header.status === STATUS.failed) stages.failed(task, decodeValue(payload) as TaskFailure)
  else if (header.status === STATUS.unreachable) {
    worker.seesFiles = false
    stages.handBack(task)
  }
}

function takePart(stages: Stages, worker: ConnectedWorker, body: Uint8Array): void {
  const view = new DataView(body.buffer, body.byteOffset)
  const slot = worker.slots[view.getUint32(8, true)]
  if (slot !== undefined) stages.part(slot, view.getUint32(0, true), body.subarray(PART_HEADER_BYTES))
}
