import { MessageChannel, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Timers } from '../../env/clock.ts'
import { FRAME_HEADER_BYTES } from '../wire/frame.ts'
import { FRAME, readResultHeader, readTaskHeader, STATUS } from '../wire/messages.ts'
import type { ThreadDeath } from '../wire/messages.ts'
import { RUNNING } from './attempts.ts'
import type { ThreadBatch, ThreadData } from './thread.ts'

/** The threads that run user code in this worker. One that ends is replaced at once. */
export interface Threads {
  /** Hands frames to one thread, in order. */
  post(thread: number, batch: ThreadBatch): void
  /** Hands a control frame to all threads, and under `key` to those of the future, until it is dropped. */
  broadcast(body: Uint8Array<ArrayBuffer>, key?: string): void
  drop(key: string): void
  /** Ends the threads that have not answered all tasks of `stage` within `graceMs`. */
  cancel(stage: number, body: Uint8Array<ArrayBuffer>, graceMs: number): void
  /** Hands over that a task, or a piece of it, is to stop, and ends its thread where it is at that after `graceMs`. */
  revoke(message: Revocation, body: Uint8Array<ArrayBuffer>): void
  /** Starts one more. */
  open(thread: number): void
}

export interface Revocation {
  readonly thread: number
  readonly task: number
  readonly index?: number
  readonly graceMs: number
}

export interface ThreadsOptions {
  readonly program: URL
  readonly count: number
  /** Bound of each thread's heap in MiB. */
  readonly heapMiB?: number
  readonly timers: Timers
  /** Takes the other end of the channel on which each new thread asks for parts. */
  readonly onPartPort: (port: MessagePort) => void
  readonly onFrame: (frame: Uint8Array) => void
  readonly onReady: (thread: number) => void
  readonly onLost: (thread: number, death: ThreadDeath) => void
}

interface Thread {
  worker: Worker
  /** See {@link RUNNING}. */
  readonly running: Int32Array<SharedArrayBuffer>
  /** Tasks that were handed over and not answered, with their stages. */
  readonly unanswered: Map<number, number>
  ending: ThreadDeath['reason'] | undefined
}

export function startThreads(options: ThreadsOptions): Threads {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>()
  const threads: Thread[] = []
  const start = (thread: number) => {
    threads[thread] = startThread(options, thread, (death) => {
      options.onLost(thread, death)
      start(thread)
      post(thread, Array.from(kept.values(), asControl))
    })
  }
  const post = (thread: number, batch: ThreadBatch) => {
    const target = threads[thread]
    if (target === undefined || batch.length === 0) return
    for (const [kind, body] of batch) {
      if (kind !== FRAME.task) continue
      const { task, stage } = readTaskHeader(body)
      target.unanswered.set(task, stage)
    }
    target.worker.postMessage(batch, transferable(batch))
  }
  const broadcast = (body: Uint8Array<ArrayBuffer>, key?: string) => {
    if (key !== undefined) kept.set(key, body)
    for (let thread = 0; thread < threads.length; thread++) post(thread, [asControl(body)])
  }
  for (let thread = 0; thread < options.count; thread++) start(thread)
  return {
    post,
    broadcast,
    drop: (key) => void kept.delete(key),
    cancel(stage, body, graceMs) {
      for (const thread of threads) Atomics.add(thread.running, RUNNING.cancellations, 1)
      broadcast(body)
      const isAtIt = ({ unanswered }: Thread) => [...unanswered.values()].includes(stage)
      endStuck(options.timers, threads.filter(isAtIt), graceMs, isAtIt)
    },
    revoke({ thread, task, index, graceMs }, body) {
      const target = threads[thread]
      if (target === undefined) return
      Atomics.add(target.running, RUNNING.cancellations, 1)
      post(thread, [asControl(body)])
      const isAtIt = ({ unanswered, running }: Thread) =>
        unanswered.has(task) &&
        running[RUNNING.task] === task &&
        (index === undefined || running[RUNNING.piece] === index)
      endStuck(options.timers, [target], graceMs, isAtIt)
    },
    open(thread) {
      if (threads[thread] !== undefined) return
      start(thread)
      post(thread, Array.from(kept.values(), asControl))
    },
  }
}

const asControl = (body: Uint8Array<ArrayBuffer>) => [FRAME.control, body] as const

/** Tasks may be moved; control frames may be wanted again by a thread that comes later, and are small. */
function transferable(batch: ThreadBatch): ArrayBuffer[] {
  return batch.flatMap(([kind, body]) => (kind === FRAME.task ? [body.buffer as ArrayBuffer] : []))
}

function endStuck(
  timers: Timers,
  threads: readonly Thread[],
  graceMs: number,
  isStuck: (thread: Thread) => boolean,
): void {
  if (threads.length === 0) return
  timers.after(graceMs, () => {
    for (const thread of threads.filter(isStuck)) {
      thread.ending = 'cancelled'
      void thread.worker.terminate()
    }
  })
}

function answered(thread: Thread, body: Uint8Array): void {
  const { task, status } = readResultHeader(body)
  if (status !== STATUS.partial) thread.unanswered.delete(task)
}

function startThread(options: ThreadsOptions, number: number, onEnd: (death: ThreadDeath) => void): Thread {
  const running = new Int32Array(new SharedArrayBuffer(12))
  const { port1: ours, port2: parts } = new MessageChannel()
  options.onPartPort(ours)
  const workerData: ThreadData = { thread: number, running: running.buffer, parts }
  const worker = new Worker(options.program, {
    workerData,
    transferList: [parts],
    ...(options.heapMiB === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: options.heapMiB } }),
  })
  const thread: Thread = { worker, running, unanswered: new Map(), ending: undefined }
  let message: string | undefined
  worker.once('online', () => options.onReady(number))
  worker.on('message', (frame: Uint8Array) => {
    const kind = frame[FRAME_HEADER_BYTES - 1]
    if (kind === FRAME.result) answered(thread, frame.subarray(FRAME_HEADER_BYTES))
    options.onFrame(frame)
  })
  worker.on('error', (error: Error & { code?: string }) => {
    thread.ending ??= error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out of memory' : 'error'
    message = error.stack ?? String(error)
  })
  worker.once('exit', (exitCode) => {
    const reason = thread.ending ?? 'exited'
    const [, task = 0, piece = 0] = running
    const ran = task === 0 ? {} : { task, piece }
    onEnd({ exitCode, reason, ...ran, ...(message === undefined ? {} : { message }) })
  })
  return thread
}
