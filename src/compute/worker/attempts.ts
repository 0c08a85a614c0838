import { FIRST_CREDIT } from '../wire/calls.ts'
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../wire/frame.ts'
import { FRAME, RESULT_HEADER_BYTES, STATUS, writeResultHeader } from '../wire/messages.ts'
import type { TaskHeader, WorkerMessage } from '../wire/messages.ts'
import type { Attempt, Outcome } from './program.ts'

/** The whole of a task, among its pieces. */
const WHOLE = -1

export const STOPPED = Symbol('stopped')

/** What an attempt needs of its thread. */
export interface AttemptHost {
  /** Sends a frame, giving its memory away. */
  send(frame: Uint8Array<ArrayBuffer>): void
  tell(message: WorkerMessage): void
  /** Takes in messages that came while user code ran, if there are any that cancel. */
  look(): void
  /** Shared with the main thread: what runs. */
  readonly running: Int32Array
  /** It began to wait, or waits no longer. */
  waited(isWaiting: boolean): void
}

/** Where in {@link AttemptHost.running} is what. */
export const RUNNING = { cancellations: 0, task: 1, piece: 2 } as const

/** An attempt at a task on this thread. */
export interface RunningAttempt extends Attempt {
  readonly header: TaskHeader
  /** So many more values of the piece may be sent. */
  more(piece: number, count: number): void
  /** The whole of it, or a piece, is no longer wanted. */
  stop(piece?: number): void
  finish(outcome: Outcome, elapsedMs: number): void
}

export function createAttempt(header: TaskHeader, host: AttemptHost): RunningAttempt {
  const stops = new Map<number, PromiseWithResolvers<symbol>>()
  let controllers: Map<number, AbortController> | undefined
  const credits = new Credits()
  let waits = false
  const told = new Set<number>()
  const stoppedAlready = (piece: number) => told.size > 0 && (told.has(WHOLE) || told.has(piece))
  const onStop = (piece: number) => {
    let stop = stops.get(piece)
    if (stop === undefined) stops.set(piece, (stop = Promise.withResolvers()))
    if (stoppedAlready(piece)) stop.resolve(STOPPED)
    return stop.promise
  }
  const setWaits = (isWaiting: boolean) => {
    if (waits === isWaiting) return
    waits = isWaiting
    host.waited(isWaiting)
    host.tell({ type: 'task-waiting', thread: header.thread, task: header.task, waiting: isWaiting })
  }
  return {
    header,
    task: header.task,
    stopped: STOPPED,
    emit: (payload) => host.send(resultFrame(header, STATUS.partial, payload, 0)),
    mark(piece) {
      host.running[RUNNING.task] = header.task
      host.running[RUNNING.piece] = piece
    },
    isStopped(piece) {
      host.look()
      return stoppedAlready(piece)
    },
    unlessStopped: (piece, result) => Promise.race([result, onStop(piece)]),
    signal(piece) {
      controllers ??= new Map()
      const controller = controllers.get(piece) ?? new AbortController()
      controllers.set(piece, controller)
      if (stoppedAlready(piece)) controller.abort()
      return controller.signal
    },
    credit: (piece) => credits.take(piece, () => onStop(piece)),
    more: (piece, count) => credits.add(piece, count),
    waits: setWaits,
    stop(piece = WHOLE) {
      told.add(piece)
      for (const [at, stop] of stops) if (piece === WHOLE || at === piece) stop.resolve(STOPPED)
      for (const [at, controller] of controllers ?? []) if (piece === WHOLE || at === piece) controller.abort()
    },
    finish(outcome, elapsedMs) {
      setWaits(false)
      host.send(resultFrame(header, outcome.status, outcome.payload, Math.round(elapsedMs * 1000)))
    },
  }
}

function resultFrame(
  header: TaskHeader,
  status: Outcome['status'],
  payload: Uint8Array,
  micros: number,
): Uint8Array<ArrayBuffer> {
  const bodyBytes = RESULT_HEADER_BYTES + payload.byteLength
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bodyBytes)
  writeFrameHeader(frame, FRAME.result, bodyBytes)
  writeResultHeader(frame, FRAME_HEADER_BYTES, { ...header, status, micros })
  frame.set(payload, FRAME_HEADER_BYTES + RESULT_HEADER_BYTES)
  return frame
}

/** How many values each piece may still send. */
class Credits {
  readonly #left = new Map<number, number>()
  readonly #wake = new Map<number, () => void>()

  take(piece: number, onStop: () => Promise<symbol>): Promise<unknown> | undefined {
    const left = this.#left.get(piece) ?? FIRST_CREDIT
    this.#left.set(piece, left - 1)
    if (left > 0) return undefined
    return Promise.race([new Promise<void>((resolve) => this.#wake.set(piece, resolve)), onStop()])
  }

  add(piece: number, count: number): void {
    this.#left.set(piece, (this.#left.get(piece) ?? FIRST_CREDIT) + count)
    this.#wake.get(piece)?.()
    this.#wake.delete(piece)
  }
}
