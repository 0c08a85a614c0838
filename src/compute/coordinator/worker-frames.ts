import {
  FRAME,
  LOG_HEADER_BYTES,
  PART_HEADER_BYTES,
  readResultHeader,
  RESULT_HEADER_BYTES,
  STATUS,
} from '../wire/messages.ts'
import type { ThreadDeath, WorkerMessage, WorkerVitals } from '../wire/messages.ts'
import { readControl } from '../wire/link.ts'
import type { TaskFailure } from '../wire/task-failure.ts'
import { decodeValue } from '../wire/values.ts'
import { begin } from './give.ts'
import type { LossRecord } from './loss.ts'
import type { Task } from './stage.ts'
import type { Stages } from './stages.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/** What the frames of one worker lead to. */
export interface WorkerFrameHandlers {
  readonly stages: Stages
  readonly nowMs: () => number
  readonly onThreadLost: (slot: Slot, record: LossRecord) => void
  /** The number of threads that can work has changed. */
  readonly onThreads: () => void
  readonly onLog: (slot: Slot, isError: boolean, text: string) => void
  /** It was told to end by its system. */
  readonly onLeaving: (worker: ConnectedWorker) => void
  /** User code on that thread asks something of the session. */
  readonly onAsk: (slot: Slot, body: Uint8Array) => void
}

/** Takes in what a worker sends. */
export function workerFrames(worker: ConnectedWorker, handlers: WorkerFrameHandlers) {
  return (kind: number, body: Uint8Array): void => {
    if (kind === FRAME.result) return takeResult(worker, handlers, body)
    if (kind === FRAME.part) return takePart(handlers.stages, worker, body)
    if (kind === FRAME.ask) {
      const slot = worker.slots[body[4]!]
      if (slot !== undefined) handlers.onAsk(slot, body)
      return
    }
    if (kind === FRAME.log) return takeLog(worker, handlers, body)
    takeMessage(worker, handlers, readControl(body) as WorkerMessage)
  }
}

function takeResult(worker: ConnectedWorker, { stages, nowMs }: WorkerFrameHandlers, body: Uint8Array): void {
  const header = readResultHeader(body)
  const slot = worker.slots[header.thread]
  const at = slot?.sent.findIndex((task) => task.id === header.task && task.attempt === header.attempt) ?? -1
  // A late attempt: what it made was lost, or made by another since.
  if (slot === undefined || at < 0) return
  const task = slot.sent[at]!
  const payload = body.subarray(RESULT_HEADER_BYTES)
  if (header.status === STATUS.partial) return stages.partial(slot, task, payload)
  slot.sent.splice(at, 1)
  setWaiting(slot, task, false)
  if (header.status === STATUS.done) stages.done(slot, task, payload, header.micros)
  else if (header.status === STATUS.failed)
    stages.failed(slot, task, decodeValue(payload) as TaskFailure, header.micros)
  else if (header.status === STATUS.unreachable) {
    worker.seesFiles = false
    stages.handBack(task)
  }
  if (slot.sent.length > 0) begin(slot, nowMs())
}

function setWaiting(slot: Slot, task: Task, waits: boolean): void {
  if (task.waits === waits) return
  task.waits = waits
  slot.waiting += waits ? 1 : -1
}

function takeLog({ slots }: ConnectedWorker, { onLog }: WorkerFrameHandlers, body: Uint8Array): void {
  const slot = slots[body[0]!]
  if (slot !== undefined) onLog(slot, body[1] === 1, Buffer.from(body.subarray(LOG_HEADER_BYTES)).toString())
}

function takePart(stages: Stages, worker: ConnectedWorker, body: Uint8Array): void {
  const view = new DataView(body.buffer, body.byteOffset)
  const slot = worker.slots[view.getUint32(8, true)]
  if (slot !== undefined) stages.part(slot, view.getUint32(0, true), body.subarray(PART_HEADER_BYTES))
}

function takeMessage(worker: ConnectedWorker, handlers: WorkerFrameHandlers, message: WorkerMessage): void {
  if (message.type === 'leaving') return handlers.onLeaving(worker)
  if (message.type === 'pong') takeVitals(worker, message)
  const slot = 'thread' in message ? worker.slots[message.thread] : undefined
  if (slot === undefined) return
  if (message.type === 'thread-ready') {
    slot.ready = true
    handlers.onThreads()
  } else if (message.type === 'task-waiting') {
    const task = slot.sent.find(({ id }) => id === message.task)
    if (task !== undefined) setWaiting(slot, task, message.waiting)
    if (message.waiting) begin(slot, handlers.nowMs())
  } else if (message.type === 'thread-lost') {
    handlers.onThreadLost(slot, threadLoss(worker, message.death))
    handlers.onThreads()
  }
}

function takeVitals(worker: ConnectedWorker, { residentBytes, cpuMicros, keptBytes }: WorkerVitals): void {
  worker.peakBytes = Math.max(worker.peakBytes, residentBytes)
  worker.residentBytes = residentBytes
  worker.cpuMicros = cpuMicros
  worker.keptBytes = keptBytes
}

function threadLoss({ facts: { pod, node } }: ConnectedWorker, death: ThreadDeath): LossRecord {
  const { exitCode, reason, message, lastLogLines } = death
  const words = reason === 'exited' ? `exited with code ${exitCode}` : reason === 'error' ? 'ended by an error' : reason
  return {
    pod,
    node,
    scope: 'thread',
    reason: reason === 'out of memory' ? 'ran out of memory' : words,
    exitCode,
    outOfMemory: reason === 'out of memory',
    ...(message === undefined ? {} : { message }),
    ...(lastLogLines === undefined ? {} : { lastLogLines }),
  }
}
