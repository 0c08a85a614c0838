import { MessageChannel, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Timers } from '../../env/clock.ts'
import { FRAME_HEADER_BYTES } from '../wire/frame.ts'
import { FRAME, readTaskHeader } from '../wire/messages.ts'
import type { ThreadDeath } from '../wire/messages.ts'
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
  readonly cancellations: SharedArrayBuffer
  /** Tasks that were handed over and not answered, by stage. */
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
    for (const [kind, body] of batch) if (kind === FRAME.task) count(target, readTaskHeader(body).stage, 1)
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
      for (const thread of threads) Atomics.add(new Int32Array(thread.cancellations), 0, 1)
      broadcast(body)
      const stuck = threads.filter((thread) => thread.unanswered.has(stage))
      if (stuck.length > 0) options.timers.after(graceMs, () => stuck.forEach((thread) => endIfStuck(thread, stage)))
    },
  }
}

const asControl = (body: Uint8Array<ArrayBuffer>) => [FRAME.control, body] as const

/** Tasks may be moved; control frames may be wanted again by a thread that comes later, and are small. */
function transferable(batch: ThreadBatch): ArrayBuffer[] {
  return batch.flatMap(([kind, body]) => (kind === FRAME.task ? [body.buffer] : []))
}

function endIfStuck(thread: Thread, stage: number): void {
  if (!thread.unanswered.has(stage)) return
  thread.ending = 'cancelled'
  void thread.worker.terminate()
}

function count(thread: Thread, stage: number, by: number): void {
  const left = (thread.unanswered.get(stage) ?? 0) + by
  if (left === 0) thread.unanswered.delete(stage)
  else thread.unanswered.set(stage, left)
}

function startThread(options: ThreadsOptions, number: number, onEnd: (death: ThreadDeath) => void): Thread {
  const cancellations = new SharedArrayBuffer(4)
  const { port1: ours, port2: parts } = new MessageChannel()
  options.onPartPort(ours)
  const workerData: ThreadData = { thread: number, cancellations, parts }
  const worker = new Worker(options.program, {
    workerData,
    transferList: [parts],
    ...(options.heapMiB === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: options.heapMiB } }),
  })
  const thread: Thread = { worker, cancellations, unanswered: new Map(), ending: undefined }
  let message: string | undefined
  worker.once('online', () => options.onReady(number))
  worker.on('message', (frame: Uint8Array) => {
    const kind = frame[FRAME_HEADER_BYTES - 1]
    if (kind === FRAME.result) count(thread, readTaskHeader(frame.subarray(FRAME_HEADER_BYTES)).stage, -1)
    options.onFrame(frame)
  })
  worker.on('error', (error: Error & { code?: string }) => {
    thread.ending ??= error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out of memory' : 'error'
    message = error.stack ?? String(error)
  })
  worker.once('exit', (exitCode) => {
    const reason = thread.ending ?? 'exited'
    onEnd({ exitCode, reason, ...(message === undefined ? {} : { message }) })
  })
  return thread
}
