import { FRAME, TASK_HEADER_BYTES, writeTaskHeader } from '../wire/messages.ts'
import type { CoordinatorMessage, WorkerFacts } from '../wire/messages.ts'
import type { Link } from '../wire/link.ts'
import type { Place, Stage, Task } from './stage.ts'

/** A thread of a connected worker, and what it owes. */
export interface Slot extends Place {
  readonly worker: ConnectedWorker
  readonly thread: number
  /** False while the thread starts, again after it was lost. */
  ready: boolean
  /** Being encoded: they count as room taken and are not there yet. */
  reserved: number
  /** Sent and not answered, oldest first: the first is the one that runs. */
  readonly sent: Task[]
  /** How many of these wait for what they asked of the session: their thread has room for others. */
  waiting: number
  /** Runs nothing but what has it for its home, such as an actor. */
  readonly isApart: boolean
  /** Tasks whose results lie on the thread, by stage: they run again elsewhere if it ends before they are collected. */
  readonly accumulated: Map<Stage, Task[]>
}

export interface ConnectedWorker {
  readonly id: number
  readonly link: Link
  readonly facts: WorkerFacts
  readonly slots: Slot[]
  readonly codeSent: Set<string>
  readonly stagesSent: Set<number>
  /** Cleared when the worker said that it cannot see one of the driver's files. */
  seesFiles: boolean
  /** Gets nothing new but suspects, one at a time, once it has answered what it was given. */
  isolates: boolean
  /** Gets nothing new: it is to leave once it has answered what it was given. */
  isDraining: boolean
  lastHeardMs: number
  /** The most memory that it was seen to hold; 0 until its first heartbeat. */
  peakBytes: number
  /** As its last heartbeat said. */
  residentBytes: number
  cpuMicros: number
  keptBytes: number
  /** Its system told it to end: what is lost with it is no fault of what ran there. */
  isLeaving: boolean
}

export function connectedWorker(id: number, link: Link, facts: WorkerFacts, nowMs: number): ConnectedWorker {
  const slots: Slot[] = []
  const worker: ConnectedWorker = {
    id,
    link,
    facts,
    slots,
    codeSent: new Set(),
    stagesSent: new Set(),
    seesFiles: true,
    isolates: false,
    isDraining: false,
    lastHeardMs: nowMs,
    peakBytes: 0,
    residentBytes: 0,
    cpuMicros: 0,
    keptBytes: 0,
    isLeaving: false,
  }
  for (let thread = 0; thread < facts.threads; thread++) {
    slots.push(newSlot(worker, thread, false))
  }
  return worker
}

function newSlot(worker: ConnectedWorker, thread: number, isApart: boolean): Slot {
  return { worker, thread, ready: false, reserved: 0, sent: [], waiting: 0, isApart, accumulated: new Map() }
}

/** Frames name threads with one byte. */
const MAX_THREADS = 256

/** One more thread of the worker, for what wants to be apart from others; undefined where it can have no more. */
export function openSlot(worker: ConnectedWorker): Slot | undefined {
  const thread = worker.slots.length
  if (thread >= MAX_THREADS) return undefined
  const slot = newSlot(worker, thread, true)
  worker.slots.push(slot)
  tell(worker, { type: 'open-thread', thread })
  return slot
}

export function loadOf(slot: Slot): number {
  return slot.sent.length + slot.reserved - slot.waiting
}

export function tell(worker: ConnectedWorker, message: CoordinatorMessage): void {
  worker.link.sendControl(message)
}

/** Sends what the worker must know before it can run tasks of `stage`, each thing once. */
export function introduce(worker: ConnectedWorker, stage: Stage): void {
  if (worker.stagesSent.has(stage.id)) return
  worker.stagesSent.add(stage.id)
  const { spec } = stage
  const code = spec.code.filter(({ hash }) => !worker.codeSent.has(hash))
  for (const { hash } of code) worker.codeSent.add(hash)
  if (code.length > 0) tell(worker, { type: 'code', code })
  const program = typeof spec.program === 'string' ? spec.program : spec.program.hash
  if (typeof spec.program !== 'string' && !worker.codeSent.has(program)) {
    worker.codeSent.add(program)
    tell(worker, { type: 'program', ...spec.program })
  }
  tell(worker, { type: 'define', definition: { stage: stage.id, program, options: spec.options } })
}

/** Sends an attempt of `task` with its payload to the slot's thread. */
export function sendTask(slot: Slot, task: Task, payload: Uint8Array): void {
  const body = new Uint8Array(TASK_HEADER_BYTES + payload.byteLength)
  const { id, attempt, stage } = task
  writeTaskHeader(body, 0, { stage: stage.id, task: id, attempt, thread: slot.thread })
  body.set(payload, TASK_HEADER_BYTES)
  slot.worker.link.send(FRAME.task, body)
  slot.sent.push(task)
}

/** The task that the thread is at, as far as is known here: the first that does not wait. */
export function runningOf(slot: Slot): Task | undefined {
  return slot.waiting === 0 ? slot.sent[0] : slot.sent.find((task) => !task.waits)
}
