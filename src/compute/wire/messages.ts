import type { ShippedCode } from './shipped.ts'

/** The kinds of frames. Tasks and results have binary headers; all else is a control message. */
export const FRAME = {
  greeting: 1,
  proof: 2,
  control: 3,
  task: 4,
  result: 5,
  part: 6,
  /** User code on a thread wants something of the session: {@link ASK} says what. */
  ask: 7,
  /** What came of an ask. */
  answer: 8,
  /** Between the threads of a worker: the bytes of the object that the answer before it speaks of. */
  object: 9,
  /** What user code wrote to its console: the thread, whether as an error, and the text. */
  log: 10,
} as const

/** What came of an attempt. */
export const STATUS = {
  done: 0,
  /** The user's function threw: the payload holds what was done before it, and the error. */
  failed: 1,
  /** The worker cannot see the input where the driver sees it: send its bytes. Nothing was done. */
  unreachable: 2,
  /** The stage was cancelled before this attempt ended. */
  cancelled: 3,
  /** Some of what the task has to give; the attempt goes on. */
  partial: 4,
} as const

export type TaskStatus = (typeof STATUS)[keyof typeof STATUS]

/** Ahead of a task's payload. `attempt` fences: a result is taken only for the attempt that was sent last. */
export interface TaskHeader {
  readonly stage: number
  readonly task: number
  readonly attempt: number
  readonly thread: number
}

export interface ResultHeader extends TaskHeader {
  readonly status: TaskStatus
  /** How long the thread was busy with it. */
  readonly micros: number
}

export const TASK_HEADER_BYTES = 12
export const RESULT_HEADER_BYTES = 16

export function writeTaskHeader(target: Uint8Array, at: number, header: TaskHeader, last = 0): void {
  const view = new DataView(target.buffer, target.byteOffset + at)
  view.setUint32(0, header.stage, true)
  view.setUint32(4, header.task, true)
  view.setUint16(8, header.attempt, true)
  view.setUint8(10, header.thread)
  view.setUint8(11, last)
}

export function writeResultHeader(target: Uint8Array, at: number, header: ResultHeader): void {
  writeTaskHeader(target, at, header, header.status)
  new DataView(target.buffer, target.byteOffset + at).setUint32(12, Math.min(header.micros, 0xffffffff), true)
}

export function readTaskHeader(body: Uint8Array): TaskHeader {
  const view = new DataView(body.buffer, body.byteOffset)
  return {
    stage: view.getUint32(0, true),
    task: view.getUint32(4, true),
    attempt: view.getUint16(8, true),
    thread: view.getUint8(10),
  }
}

export function readResultHeader(body: Uint8Array): ResultHeader {
  const view = new DataView(body.buffer, body.byteOffset)
  return { ...readTaskHeader(body), status: view.getUint8(11) as TaskStatus, micros: view.getUint32(12, true) }
}

/** What a worker's threads must know before they can run tasks of a stage. */
export interface StageDefinition {
  readonly stage: number
  /** The hash of a bundle that was sent before, or the name of a program that every worker has. */
  readonly program: string
  /** What the program was given, such as the functions of a pipeline: the program decodes it. */
  readonly options: Uint8Array
}

/** From the coordinator to a worker. */
export type CoordinatorMessage =
  | { readonly type: 'code'; readonly code: readonly ShippedCode[] }
  | { readonly type: 'program'; readonly hash: string; readonly source: string }
  | { readonly type: 'define'; readonly definition: StageDefinition }
  /** Drop what the stage left behind. */
  | { readonly type: 'forget'; readonly stage: number }
  /** Answer all tasks of the stage as cancelled; end the threads that do not in `graceMs`. */
  | { readonly type: 'cancel'; readonly stage: number; readonly graceMs: number }
  /** Send what `thread` has accumulated for the stage as a part frame, and forget it. */
  | { readonly type: 'collect'; readonly stage: number; readonly thread: number; readonly request: number }
  /** Remove the parts that are kept under this name. */
  | { readonly type: 'release'; readonly name: string }
  /** Answer this attempt as cancelled, wholly or but for the piece at `index`; end its thread where it is not done in `graceMs`. */
  | {
      readonly type: 'revoke'
      readonly stage: number
      readonly task: number
      readonly attempt: number
      readonly thread: number
      readonly index?: number
      readonly graceMs: number
    }
  /** So many more of the values that a piece of a task yields may be sent. */
  | {
      readonly type: 'more'
      readonly task: number
      readonly attempt: number
      readonly thread: number
      readonly index: number
      readonly count: number
    }
  /** Start one more thread, beside those that the worker has of itself. */
  | { readonly type: 'open-thread'; readonly thread: number }
  | { readonly type: 'ping'; readonly sequence: number }
  /** End yourself: nothing more is wanted. */
  | { readonly type: 'leave' }

/** From a worker to the coordinator. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly worker: WorkerFacts }
  | { readonly type: 'thread-lost'; readonly thread: number; readonly death: ThreadDeath }
  | { readonly type: 'thread-ready'; readonly thread: number }
  /** The task waits for what it has asked of the session itself: its thread can do other things meanwhile, or no longer. */
  | { readonly type: 'task-waiting'; readonly thread: number; readonly task: number; readonly waiting: boolean }
  | ({ readonly type: 'pong'; readonly sequence: number } & WorkerVitals)
  /** It was told to end: it is to be given nothing more, and to leave once it has answered what it has. */
  | { readonly type: 'leaving' }

/** How a worker is. */
export interface WorkerVitals {
  readonly residentBytes: number
  /** Processor time that it has used since its start. */
  readonly cpuMicros: number
  /** Of parts on its disk that were not released. */
  readonly keptBytes: number
}

/** What a worker says of itself once it can run tasks. */
export interface WorkerFacts {
  readonly pod: string
  readonly node: string
  readonly pid: number
  readonly threads: number
  readonly nodeVersion: string
  /** What its tasks may use together, by name: `cpu` (one for each thread where absent), `memory` in bytes, `gpu`, and others. */
  readonly resources?: Readonly<Record<string, number>>
}

/** Why a thread of a worker ended while the worker lives. */
export interface ThreadDeath {
  /** What it passed to `process.exit`, or 1 where an error ended it. */
  readonly exitCode: number
  readonly reason: 'exited' | 'out of memory' | 'error' | 'cancelled'
  readonly message?: string
  /** The task that ran when it ended, and which piece of it, where that is known. */
  readonly task?: number
  readonly piece?: number
  /** The last lines that its user code wrote. */
  readonly lastLogLines?: readonly string[]
}

/** Ahead of the bytes of a part: which request it answers. */
export const PART_HEADER_BYTES = 12

/** Ahead of the text of a log frame. */
export const LOG_HEADER_BYTES = 2

/** What user code on a thread may ask of the session. */
export const ASK = { submit: 1, call: 2, find: 3, cancel: 4, object: 5 } as const

/** Ahead of an ask or answer: its number on that thread, the thread, and what is asked or how it went ({@link STATUS}). */
export const ASK_HEADER_BYTES = 6
