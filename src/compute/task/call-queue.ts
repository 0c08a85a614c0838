import { errorOfFailure } from '../failure.ts'
import { CALL_STATUS, eachResult } from '../wire/calls.ts'
import { sharedName, Unpacker } from '../wire/pack.ts'
import { removeShared } from '../wire/shared-memory.ts'
import type { Shipment } from '../wire/shipped.ts'
import type { TaskFailure } from '../wire/task-failure.ts'
import type { Call } from './call.ts'
import { sizeOf } from './call-batch.ts'
import type { CallBatch } from './call-batch.ts'

/** Calls in the order in which they run. What was settled meanwhile is left out when it would be taken. */
export class CallQueue {
  readonly #isStack: boolean
  #calls: Call[] = []
  #head = 0
  /** Settled while they waited. */
  #gone = 0

  /** A stack gives the newest first. */
  constructor(isStack: boolean) {
    this.#isStack = isStack
  }

  get size(): number {
    return Math.max(0, this.#calls.length - this.#head - this.#gone)
  }

  add(call: Call): void {
    this.#calls.push(call)
  }

  /** These go before all others, in their order. */
  putBack(calls: readonly Call[]): void {
    for (const call of calls) {
      call.batch = undefined
      call.state = 'queued'
    }
    this.#calls = [...calls, ...this.#calls.slice(this.#head)]
    this.#head = 0
  }

  /** One of those that wait was settled. */
  forget(): void {
    this.#gone++
  }

  take(): Call | undefined {
    for (let call = this.#next(); call !== undefined; call = this.#next()) {
      if (!call.isSettled) return call
      this.#gone--
    }
    this.#gone = 0
    return undefined
  }

  /** As many as are wanted, and few enough for so many bytes. */
  takeSome(wanted: number, maxBytes: number): Call[] {
    const calls: Call[] = []
    let bytes = 0
    while (calls.length < wanted && bytes < maxBytes) {
      const call = this.take()
      if (call === undefined) break
      calls.push(call)
      bytes += sizeOf(call)
    }
    return calls
  }

  #next(): Call | undefined {
    if (this.#isStack) return this.#calls.pop()
    if (this.#head === this.#calls.length) {
      this.#calls = []
      this.#head = 0
      return undefined
    }
    return this.#calls[this.#head++]
  }
}

/** Who hears what became of calls. */
export interface ResultTaker {
  succeeded(call: Call, bytes: Uint8Array, start: number, end: number): void
  attemptFailed(call: Call, error: unknown): void
}

/** Hands the results in `payload` to their calls; each of them once, whoever was first. */
export function takeResults(
  batch: CallBatch,
  payload: Uint8Array,
  taker: ResultTaker,
  shipments: readonly Shipment[],
  name: string,
): void {
  eachResult(payload, (index, status, _micros, start, end) => {
    const call = batch.calls[index]
    // Somebody else was faster, or it is no longer wanted.
    if (call === undefined || call.isSettled || call.batch !== batch) return removeResult(payload, start)
    if (status === CALL_STATUS.done) return taker.succeeded(call, payload, start, end)
    if (status === CALL_STATUS.item) return call.stream?.push(new Unpacker(payload, start).value())
    if (status !== CALL_STATUS.failed) return
    const failure = new Unpacker(payload, start).value() as TaskFailure
    taker.attemptFailed(call, errorOfFailure(failure, `a call of "${name}"`, shipments))
  })
}

function removeResult(payload: Uint8Array, start: number): void {
  const name = sharedName(payload, start)
  if (name !== undefined) removeShared(name)
}
