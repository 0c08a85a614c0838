import { systemEnvironment } from '../../env/system.ts'
import { beginResult, CALL_STATUS, endResult, SHARED_FLAG, STATE_INDEX } from '../wire/calls.ts'
import { recordError } from '../wire/error-record.ts'
import { STATUS } from '../wire/messages.ts'
import { Packer, Unpacker } from '../wire/pack.ts'
import type { SharedMemory } from '../wire/shared-memory.ts'
import type { TaskFailure } from '../wire/task-failure.ts'
import { pathOfUncloneable } from '../wire/values.ts'
import { withCall } from './call-context.ts'
import { CANCELLED } from './failure.ts'
import type { Gate } from './gate.ts'
import type { Attempt, Outcome } from './program.ts'

/** What runs the calls of a task. */
export interface CallRunHost {
  /** Makes the call with these values; what it throws is what the call fails with. */
  readonly call: (...values: readonly unknown[]) => unknown
  /** How many calls may be under way. */
  readonly gate: Gate
  /** Where large results go. */
  readonly memory: SharedMemory | undefined
  /** What is to be sent ahead of results, beside them. */
  readonly state?: () => unknown
}

/** Results that are there go out after so long, rather than with the last of their task. */
const EMIT_MS = 2

const { clock, timers } = systemEnvironment()

/** The calls of one task: begun in their order, as far as the gate allows, each with its result. */
export class CallRun {
  readonly #host: CallRunHost
  readonly #attempt: Attempt
  readonly #calls: Unpacker
  readonly #count: number
  readonly #ended = Promise.withResolvers<void>()
  #index = 0
  #open = 0
  #results: Packer
  #emittedMs: number
  #isEmitting = false
  #isWholeStopped = false

  constructor(host: CallRunHost, payload: Uint8Array, attempt: Attempt) {
    this.#host = host
    this.#attempt = attempt
    this.#calls = new Unpacker(payload)
    this.#count = this.#calls.u32() % SHARED_FLAG
    this.#results = this.#newResults()
    this.#emittedMs = clock.monotonicMs()
  }

  /** Begins all calls; without a promise for as long as they give none. */
  issue(): Promise<void> | undefined {
    while (this.#index < this.#count) {
      if (this.#attempt.isStopped(-1)) {
        this.#isWholeStopped = true
        return undefined
      }
      if (this.#host.gate.isFull) return this.#host.gate.room().then(() => this.issue())
      this.#next()
      if (this.#index < this.#count) this.#emitIfLate()
    }
    return undefined
  }

  /** All results, once the last is there. */
  outcome(): Outcome | Promise<Outcome> {
    if (this.#open > 0) return this.#ended.promise.then(() => this.#outcome())
    return this.#outcome()
  }

  #outcome(): Outcome {
    return this.#isWholeStopped ? CANCELLED : { status: STATUS.done, payload: this.#taken() }
  }

  #next(): void {
    const index = this.#index++
    const end = this.#calls.u32() + this.#calls.at
    if (this.#attempt.isStopped(index)) {
      this.#calls.at = end
      return this.#record(index, CALL_STATUS.stopped, 0, undefined)
    }
    const startedMs = clock.monotonicMs()
    this.#attempt.mark(index)
    try {
      const values: unknown[] = []
      for (let count = this.#calls.u8(); count > 0; count--) values.push(this.#calls.value())
      const result = withCall(this.#attempt, index, this.#host.call, values)
      if (isThenable(result)) void this.#later(index, startedMs, result)
      else if (isItems(result)) void this.#stream(index, startedMs, result)
      else this.#succeeded(index, startedMs, result)
    } catch (thrown) {
      this.#calls.at = end
      this.#failed(index, startedMs, thrown)
    }
  }

  async #later(index: number, startedMs: number, result: PromiseLike<unknown>): Promise<void> {
    this.#open++
    this.#host.gate.enter()
    try {
      const value = await this.#attempt.unlessStopped(index, result)
      if (value === this.#attempt.stopped) this.#record(index, CALL_STATUS.stopped, 0, undefined)
      else this.#succeeded(index, startedMs, value)
    } catch (thrown) {
      this.#failed(index, startedMs, thrown)
    }
    this.#host.gate.leave()
    this.#close()
  }

  /** Sends what a generator yields, no faster than it is taken. It keeps no other call waiting. */
  async #stream(index: number, startedMs: number, items: AsyncIterator<unknown>): Promise<void> {
    this.#open++
    try {
      for (;;) {
        if ((await this.#attempt.credit(index)) === this.#attempt.stopped) break
        const next = await this.#attempt.unlessStopped(index, items.next())
        if (next === this.#attempt.stopped) break
        const { done, value } = next as IteratorResult<unknown>
        if (done === true) break
        this.#record(index, CALL_STATUS.item, startedMs, value)
        this.#emitSoon()
      }
      if (this.#attempt.isStopped(index)) void items.return?.()?.catch(() => {})
      this.#record(index, CALL_STATUS.done, startedMs, undefined)
    } catch (thrown) {
      this.#failed(index, startedMs, thrown)
    }
    this.#close()
  }

  #close(): void {
    if (--this.#open === 0 && this.#index === this.#count) this.#ended.resolve()
    else this.#emitSoon()
  }

  #succeeded(index: number, startedMs: number, value: unknown): void {
    try {
      this.#record(index, CALL_STATUS.done, startedMs, value)
    } catch (error) {
      const found = pathOfUncloneable(value, 'result')
      if (found === undefined) return this.#failed(index, startedMs, error)
      const failure: TaskFailure = { kind: 'cannot travel', index, done: NOTHING, ...found }
      this.#record(index, CALL_STATUS.failed, startedMs, failure)
    }
  }

  #failed(index: number, startedMs: number, thrown: unknown): void {
    const failure: TaskFailure = { kind: 'threw', index, done: NOTHING, error: recordError(thrown) }
    this.#record(index, CALL_STATUS.failed, startedMs, failure)
  }

  /** Throws where the value cannot travel; nothing is recorded then. */
  #record(index: number, status: number, startedMs: number, value: unknown): void {
    const begun = this.#results.at
    try {
      const at = beginResult(this.#results, index)
      this.#results.value(value)
      endResult(this.#results, at, status, startedMs === 0 ? 0 : (clock.monotonicMs() - startedMs) * 1000)
    } catch (error) {
      this.#results.at = begun
      throw error
    }
  }

  /** Sends the results that there are, if the first of them has been there for long. */
  #emitIfLate(): void {
    if (this.#results.at > 0 && clock.monotonicMs() - this.#emittedMs >= EMIT_MS) this.#emit()
  }

  #emitSoon(): void {
    if (this.#isEmitting) return
    this.#isEmitting = true
    timers.soon(() => {
      this.#isEmitting = false
      if (this.#results.at > 0 && (this.#open > 0 || this.#index < this.#count)) this.#emit()
    })
  }

  #emit(): void {
    this.#emittedMs = clock.monotonicMs()
    this.#attempt.emit(this.#taken())
  }

  #taken(): Uint8Array {
    const { state } = this.#host
    if (state !== undefined) this.#record(STATE_INDEX, CALL_STATUS.done, 0, state())
    const taken = this.#results.bytes.subarray(0, this.#results.at)
    this.#results = this.#newResults()
    return taken
  }

  #newResults(): Packer {
    const results = new Packer(4096)
    results.memory = this.#host.memory
    return results
  }
}

const NOTHING = new Uint8Array(0)

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** What a generator function gives. */
function isItems(value: unknown): value is AsyncIterator<unknown> {
  const text = Object.prototype.toString.call(value)
  return text === '[object AsyncGenerator]' || text === '[object Generator]'
}
