import { systemEnvironment } from '../../env/system.ts'
import { recordError } from '../wire/error-record.ts'
import { beginResult, CALL_STATUS, endResult, SHARED_FLAG } from '../wire/calls.ts'
import { Packer, readU32, Unpacker } from '../wire/pack.ts'
import { sharedMemoryAt } from '../wire/shared-memory.ts'
import type { SharedMemory } from '../wire/shared-memory.ts'
import { STATUS } from '../wire/messages.ts'
import type { ShippedFunction } from '../wire/shipped.ts'
import type { TaskFailure } from '../wire/task-failure.ts'
import { decodeValue, pathOfUncloneable } from '../wire/values.ts'
import { CANCELLED } from './failure.ts'
import type { Attempt, Outcome, ProgramHost, StageProgram } from './program.ts'
import { withCall } from './call-context.ts'

export interface CallOptions {
  readonly fn: ShippedFunction
  /** The directory in shared memory for large results. */
  readonly memory?: string
}

type AnyFunction = (...args: readonly unknown[]) => unknown

/** Results that are there go out after so long, rather than with the last of their task. */
const EMIT_MS = 2

/** Runs the calls of a task one after another, awaiting what they promise, and gives the result of each. */
export function createCallProgram(options: Uint8Array, host: ProgramHost): StageProgram {
  const { fn, memory: directory } = decodeValue(options) as CallOptions
  const call = host.revive(fn) as AnyFunction
  const memory = directory === undefined ? undefined : sharedMemoryAt(directory)
  return {
    run(payload, attempt) {
      const isShared = readU32(payload, 0) >= SHARED_FLAG
      return isShared && memory === undefined ? UNREACHABLE : new CallRun(call, payload, attempt, memory).run()
    },
  }
}

const UNREACHABLE: Outcome = { status: STATUS.unreachable, payload: new Uint8Array(0) }

const { clock } = systemEnvironment()

class CallRun {
  readonly #fn: AnyFunction
  readonly #attempt: Attempt
  readonly #calls: Unpacker
  readonly #count: number
  #index = 0
  readonly #memory: SharedMemory | undefined
  #results: Packer
  #emittedMs: number

  constructor(fn: AnyFunction, payload: Uint8Array, attempt: Attempt, memory: SharedMemory | undefined) {
    this.#fn = fn
    this.#attempt = attempt
    this.#calls = new Unpacker(payload)
    this.#count = this.#calls.u32() % SHARED_FLAG
    this.#memory = memory
    this.#results = this.#newResults()
    this.#emittedMs = clock.monotonicMs()
  }

  /** Goes on without promises for as long as the function gives none. */
  run(): Outcome | Promise<Outcome> {
    while (this.#index < this.#count) {
      if (this.#attempt.isStopped(-1)) return CANCELLED
      const next = this.#calls.u32() + this.#calls.at
      if (this.#attempt.isStopped(this.#index)) {
        this.#calls.at = next
        this.#stopped()
        continue
      }
      const result = this.#call()
      if (result !== undefined) return this.#settle(result)
      this.#emit()
    }
    return { status: STATUS.done, payload: this.#taken() }
  }

  /** Runs the next call; a promise where it gave one. */
  #call(): Promise<void> | undefined {
    const index = this.#index++
    const count = this.#calls.u8()
    const args: unknown[] = []
    this.#attempt.mark(index)
    const startedMs = clock.monotonicMs()
    try {
      for (let at = 0; at < count; at++) args.push(this.#calls.value())
      const result = withCall(this.#attempt, index, this.#fn, args)
      if (isThenable(result)) return this.#later(index, startedMs, result)
      this.#succeeded(index, startedMs, result)
    } catch (thrown) {
      this.#failed(index, startedMs, thrown)
    }
    return undefined
  }

  async #later(index: number, startedMs: number, result: PromiseLike<unknown>): Promise<void> {
    try {
      const value = await this.#attempt.unlessStopped(index, result)
      if (value === this.#attempt.stopped) this.#record(index, CALL_STATUS.stopped, 0, undefined)
      else this.#succeeded(index, startedMs, value)
    } catch (thrown) {
      this.#failed(index, startedMs, thrown)
    }
  }

  async #settle(result: Promise<void>): Promise<Outcome> {
    await result
    this.#emit()
    return this.run()
  }

  #stopped(): void {
    this.#record(this.#index++, CALL_STATUS.stopped, 0, undefined)
  }

  #succeeded(index: number, startedMs: number, value: unknown): void {
    const begun = this.#results.at
    try {
      this.#record(index, CALL_STATUS.done, startedMs, value)
    } catch (error) {
      this.#results.at = begun
      const found = pathOfUncloneable(value, 'result')
      if (found === undefined) return this.#failed(index, startedMs, error)
      const failure: TaskFailure = { kind: 'cannot travel', index, done: new Uint8Array(0), ...found }
      this.#record(index, CALL_STATUS.failed, startedMs, failure)
    }
  }

  #failed(index: number, startedMs: number, thrown: unknown): void {
    const failure: TaskFailure = { kind: 'threw', index, done: new Uint8Array(0), error: recordError(thrown) }
    this.#record(index, CALL_STATUS.failed, startedMs, failure)
  }

  #record(index: number, status: number, startedMs: number, value: unknown): void {
    const at = beginResult(this.#results, index)
    this.#results.value(value)
    const micros = startedMs === 0 ? 0 : (clock.monotonicMs() - startedMs) * 1000
    endResult(this.#results, at, status, micros)
  }

  /** Sends the results that there are, if the first of them has been there for long. */
  #emit(): void {
    if (this.#index === this.#count) return
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#emittedMs < EMIT_MS) return
    this.#emittedMs = nowMs
    this.#attempt.emit(this.#taken())
  }

  #taken(): Uint8Array {
    const taken = this.#results.bytes.subarray(0, this.#results.at)
    this.#results = this.#newResults()
    return taken
  }

  #newResults(): Packer {
    const results = new Packer(4096)
    results.memory = this.#memory
    return results
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
