import type { StageHost } from '../coordination.ts'
import type { FailedTasks } from '../replay/keep-failed.ts'
import { argumentsIn, beginCall, endCall, MAX_ARGUMENTS } from '../wire/calls.ts'
import { Packer, sharedName } from '../wire/pack.ts'
import { Call } from './call.ts'
import type { CallBatch } from './call-batch.ts'
import { openCalls } from './call-batch.ts'
import type { CallGroup, CallGroupHost } from './call-group.ts'
import type { HeldMemory } from './held-memory.ts'
import { checkRoom } from './check-room.ts'
import { ItemStream } from './item-stream.ts'
import { pauseBeforeRetry } from './retry.ts'
import { amongCallers, askedBy, CIRCLE_MS } from './circles.ts'
import { argumentError, cancelledError, circleError, deadlineError, inputError, timeoutError } from './task-errors.ts'
import { definitionOf } from './task.ts'
import { TaskGroups } from './task-groups.ts'
import type { TaskGroupsOptions } from './task-groups.ts'
import type { TaskDefinition } from './task.ts'
import { whyOf } from './why-call.ts'

/** The calls of a session: what is submitted, what waits for what, what became of it. */
export interface Calls {
  /** A function, or a task made of one, with arguments that may be futures. */
  submit(target: object, args: readonly unknown[], from?: Submission): Call
  /** The same for a group that somebody else keeps, such as an actor. */
  submitTo(group: CallGroup, args: readonly unknown[], from?: Submission): Call
  /** The values that the call yields. */
  streamFrom(group: CallGroup, args: readonly unknown[]): AsyncIterableIterator<unknown>
  /** What such a group tells of its calls. */
  host(): CallGroupHost
  /** Calls that failed and nobody asked for. */
  unobserved(): number
  /** Not settled, of that group of the user's. */
  pendingOf(group: string): readonly Call[]
}

export interface Submission {
  readonly parent?: Call | undefined
  /** Arguments that are packed already, as a record. */
  readonly packed?: Call['packed']
  /** Hears of the end, however it comes. */
  readonly onSettled?: (call: Call) => void
  /** The call on a worker that asks for this one, where that is no child of it. */
  readonly caller?: Call | undefined
  /** The group does one call at a time. */
  readonly isExclusive?: boolean
}

export interface CallsOptions extends TaskGroupsOptions {
  readonly coordinator: StageHost
  readonly held: HeldMemory
  readonly failedTasks?: FailedTasks | undefined
}

/** One for each call, beside it. */
interface Fate {
  readonly group: CallGroup
  readonly onSettled: ((call: Call) => void) | undefined
}

export function createCalls(options: CallsOptions): Calls {
  return new CallTable(options)
}

class CallTable implements Calls {
  readonly #options: CallsOptions
  readonly #host: CallGroupHost
  readonly #groups: TaskGroups
  readonly #packer = new Packer()
  /** Those of groups that the user named. */
  readonly #named = new Set<Call>()
  readonly #byKey = new Map<string, Call>()
  /** Who else hears of the end of a call with a key. */
  readonly #joined = new Map<Call, ((call: Call) => void)[]>()
  readonly #held: HeldMemory
  #unobserved = 0

  constructor(options: CallsOptions) {
    this.#options = options
    this.#held = options.held
    this.#packer.memory = options.held.memory
    this.#host = {
      coordinator: options.coordinator,
      failedTasks: options.failedTasks,
      memory: options.held.memory?.directory,
      succeeded: (call, bytes, start, end) => this.#succeeded(call, bytes, start, end),
      attemptFailed: (call, error) => this.#attemptFailed(call, error),
      failed: (call, error) => this.#settleFailed(call, error),
      started: (batch) => this.#started(batch),
    }
    this.#groups = new TaskGroups(options, this.#host)
  }

  unobserved(): number {
    return this.#unobserved
  }

  pendingOf(group: string): readonly Call[] {
    return [...this.#named].filter((call) => fateOf(call)?.group.options.group === group)
  }

  submit(target: object, args: readonly unknown[], from: Submission = NO_SUBMISSION): Call {
    const definition = definitionOf(target)
    const key = definition && keyOf(definition, from.packed === undefined ? args : argumentsIn(from.packed))
    const known = key === undefined ? undefined : this.#byKey.get(key)
    if (known !== undefined && known.state !== 'failed' && known.state !== 'cancelled') return this.#join(known, from)
    const group = this.#groups.of(target, definition, from.parent !== undefined)
    const call = new Call(this)
    if (key !== undefined) this.#byKey.set((call.key = key), call)
    return this.#submit(call, group, args, from)
  }

  submitTo(group: CallGroup, args: readonly unknown[], from: Submission = NO_SUBMISSION): Call {
    const call = this.#submit(new Call(this), group, args, from)
    if (from.caller !== undefined && from.isExclusive === true) this.#refuseCircle(call, from.caller, group)
    return call
  }

  /** The actor is at a call that waits for this one: unless it turns out within a while that it does not, this one fails. */
  #refuseCircle(call: Call, caller: Call, group: CallGroup): void {
    const isOfGroup = (each: Call) => fateOf(each)?.group === group
    if (call.isSettled || amongCallers(caller, isOfGroup) === undefined) return
    const late = () => {
      if (amongCallers(caller, isOfGroup) !== undefined) this.#abandon(call, circleError(group.name), 'failed')
    }
    addTimer(call, this.#options.env.timers.after(CIRCLE_MS, late, { background: true }))
  }

  /** Whoever asks for a call with a key that is known hears of that one's end. */
  #join(known: Call, { parent, onSettled }: Submission): Call {
    if (onSettled === undefined) return known
    if (amongCallers(parent, (each) => each === known) !== undefined) {
      const refused = new Call(this)
      refused.fail(circleError(fateOf(known)?.group.name ?? ''))
      onSettled(refused)
      return refused
    }
    known.isObserved = true
    if (known.isSettled) onSettled(known)
    else this.#joined.set(known, [...(this.#joined.get(known) ?? []), onSettled])
    return known
  }

  streamFrom(group: CallGroup, args: readonly unknown[]): AsyncIterableIterator<unknown> {
    const call = new Call(this)
    const stop = () => this.cancel(call, new Error('Its values are no longer wanted'))
    const stream = (call.stream = new ItemStream({ more: (count) => group.more(call, count), stop }))
    // What it fails with, the stream throws.
    call.isObserved = true
    this.#submit(call, group, args, NO_SUBMISSION)
    return stream
  }

  host(): CallGroupHost {
    return this.#host
  }

  #submit(call: Call, group: CallGroup, args: readonly unknown[], from: Submission): Call {
    this.#adopt(call, group, from)
    this.#begin(call, group, args, from.packed)
    return call
  }

  why(call: Call): readonly string[] {
    const fate = fateOf(call)
    return fate === undefined ? [] : whyOf(call, fate.group, this.#options.coordinator.counts())
  }

  cancel(call: Call, reason: unknown): void {
    this.#cancelAll([call], reason)
  }

  decoded(call: Call): void {
    this.#held.forget(call)
    this.#held.release(call.shared)
    call.shared = call.packed = undefined
  }

  #adopt(call: Call, group: CallGroup, { parent, caller = parent, onSettled }: Submission): void {
    askedBy(caller, call)
    group.pending++
    call.fate = onSettled === undefined ? sharedFate(group) : ({ group, onSettled } satisfies Fate)
    if (group.options.group !== undefined) this.#named.add(call)
    this.#groups.busy(group)
    const { deadlineMs } = group.options
    if (deadlineMs !== undefined) {
      const late = () => this.#abandon(call, deadlineError(group.name, deadlineMs, call.why()), 'failed')
      addTimer(call, this.#options.env.timers.after(deadlineMs, late))
    }
    if (parent === undefined || parent.isSettled) return
    call.parent = parent
    ;(parent.children ??= new Set()).add(call)
  }

  #begin(call: Call, group: CallGroup, args: readonly unknown[], packed: Call['packed']): void {
    const refusal = group.options.needs && checkRoom(group.name, group.options.needs, this.#options.coordinator)
    if (refusal !== undefined) return this.#settleFailed(call, refusal)
    if (packed !== undefined) {
      call.packed = packed
      return group.add(call)
    }
    for (const arg of args) if (arg instanceof Call && !arg.isSettled) call.missing++
    if (call.missing === 0) return this.#ready(call, group, args)
    call.state = 'waiting'
    call.args = args
    for (const arg of args) if (arg instanceof Call && !arg.isSettled) (arg.dependants ??= []).push(call)
  }

  /** All inputs are there. */
  #ready(call: Call, group: CallGroup, args: readonly unknown[]): void {
    const failed = args.find((arg) => arg instanceof Call && arg.state !== 'done') as Call | undefined
    if (failed !== undefined) return this.#inputFailed(call, failed, group)
    try {
      call.packed = this.#pack(args)
      call.args = undefined
      if (this.#packer.shared !== undefined) this.#held.hold((call.shared = this.#packer.shared))
    } catch (error) {
      this.#packer.undo()
      return this.#settleFailed(call, argumentError(group.name, args, error))
    }
    group.add(call)
  }

  #inputFailed(call: Call, input: Call, group: CallGroup): void {
    if (input.state === 'cancelled') return this.#settle(call, cancelledError(group.name, input.error), 'cancelled')
    // Along a chain of calls each speaks of the first that failed, not of its neighbour.
    const root = rootOf.get(input) ?? input
    rootOf.set(call, root)
    this.#settleFailed(call, inputError(group.name, nameOf.get(root) ?? 'a call', root.error))
  }

  #pack(args: readonly unknown[]): Call['packed'] {
    const packer = this.#packer
    if (args.length > MAX_ARGUMENTS) throw new RangeError(`Cannot send ${args.length} arguments, expected 255 at most`)
    beginCall(packer, args.length)
    for (const arg of args) {
      if (!(arg instanceof Call)) packer.value(arg)
      else if (arg.packed === undefined) packer.value(arg.value())
      else {
        if (arg.shared !== undefined) packer.shared = [...(packer.shared ?? []), ...arg.shared]
        packer.raw(arg.packed.bytes.subarray(arg.packed.start, arg.packed.end))
      }
    }
    endCall(packer)
    return { bytes: packer.bytes, start: packer.start, end: packer.at }
  }

  #succeeded(call: Call, bytes: Uint8Array, start: number, end: number): void {
    const fate = this.#take(call)
    const name = sharedName(bytes, start)
    if (name !== undefined) {
      this.#held.hold((call.shared = [name]))
      this.#held.releaseWith(call, call.shared)
    }
    call.succeed({ bytes, start, end })
    this.#afterwards(call, fate)
  }

  #settleFailed(call: Call, error: unknown): void {
    this.#settle(call, error, 'failed')
  }

  #settle(call: Call, error: unknown, state: 'failed' | 'cancelled'): void {
    if (call.isSettled) return
    const fate = this.#take(call)
    const children = call.children
    if (fate !== undefined) nameOf.set(call, fate.group.name)
    call.fail(error, state)
    if (!call.isObserved && fate?.onSettled === undefined && state === 'failed') this.#unobserved++
    if (call.key !== undefined) this.#byKey.delete(call.key)
    this.#afterwards(call, fate)
    if (children !== undefined) this.#cancelAll([...children], error)
  }

  #take(call: Call): Fate | undefined {
    const fate = fateOf(call)
    call.fate = undefined
    if (call.shared !== undefined) {
      this.#held.release(call.shared)
      call.shared = undefined
    }
    if (fate?.group.options.group !== undefined) this.#named.delete(call)
    call.parent?.children?.delete(call)
    return fate
  }

  #afterwards(call: Call, fate: Fate | undefined): void {
    if (fate !== undefined) {
      fate.group.pending--
      if (fate.group.pending === 0) fate.group.rest()
      this.#groups.done(fate.group)
      fate.onSettled?.(call)
    }
    if (call.key !== undefined) {
      const joined = this.#joined.get(call) ?? []
      this.#joined.delete(call)
      for (const tell of joined) tell(call)
    }
    if (call.dependants !== undefined) this.#release(call)
  }

  /** Goes on with what waited for `call`: without a stack, since chains are as long as they please. */
  #release(call: Call): void {
    const dependants = call.dependants ?? []
    call.dependants = undefined
    for (const dependant of dependants) {
      if (dependant.isSettled || --dependant.missing > 0) continue
      this.#released.push(dependant)
    }
    if (this.#isReleasing) return
    this.#isReleasing = true
    for (let next = this.#released.pop(); next !== undefined; next = this.#released.pop()) {
      const fate = fateOf(next)
      if (fate !== undefined) this.#ready(next, fate.group, next.args ?? [])
    }
    this.#isReleasing = false
  }

  readonly #released: Call[] = []
  #isReleasing = false

  #attemptFailed(call: Call, error: unknown): void {
    const fate = fateOf(call)
    if (fate === undefined) return
    call.attempts++
    call.lastError = error
    const { env } = this.#options
    let pauseMs: number | undefined
    try {
      pauseMs = pauseBeforeRetry(fate.group.options, error, call.attempts, env.random)
    } catch (thrown) {
      return this.#settleFailed(call, thrown)
    }
    if (pauseMs === undefined) {
      if (call.packed !== undefined) fate.group.keep(call, error as Error)
      return this.#settleFailed(call, error)
    }
    call.state = 'pausing'
    call.batch = undefined
    addTimer(
      call,
      env.timers.after(pauseMs, () => fate.group.add(call)),
    )
  }

  /** An attempt has a bound: past it the call fails, or is tried again, and the thread is taken back. */
  #started(batch: CallBatch): void {
    const { timers } = this.#options.env
    for (const call of openCalls(batch)) {
      const group = fateOf(call)?.group
      const timeoutMs = group?.options.timeoutMs
      if (group === undefined || timeoutMs === undefined) continue
      const late = () => {
        if (call.isSettled || call.batch !== batch) return
        group.revoke(call)
        this.#attemptFailed(call, timeoutError(group.name, timeoutMs))
      }
      addTimer(call, timers.after(timeoutMs, late))
    }
  }

  #cancelAll(calls: Call[], reason: unknown): void {
    for (let call = calls.pop(); call !== undefined; call = calls.pop()) {
      const fate = fateOf(call)
      if (fate === undefined) continue
      if (call.children !== undefined) calls.push(...call.children)
      this.#abandon(call, cancelledError(fate.group.name, reason), 'cancelled')
    }
  }

  #abandon(call: Call, error: unknown, state: 'failed' | 'cancelled'): void {
    const group = fateOf(call)?.group
    if (group === undefined) return
    const isAway = call.state === 'running' || call.state === 'queued'
    const { batch } = call
    if (isAway && batch !== undefined) group.revoke(call)
    this.#settle(call, error, state)
    if (isAway && batch === undefined) group.revoke(call)
  }
}

const fateOf = (call: Call) => call.fate as Fate | undefined

const NO_SUBMISSION: Submission = {}

const sharedFates = new WeakMap<CallGroup, Fate>()

function sharedFate(group: CallGroup): Fate {
  let fate = sharedFates.get(group)
  if (fate === undefined) sharedFates.set(group, (fate = { group, onSettled: undefined }))
  return fate
}

/** The call that failed first, for those that failed because of it. */
const rootOf = new WeakMap<Call, Call>()
const nameOf = new WeakMap<Call, string>()

function addTimer(call: Call, timer: { cancel(): void }): void {
  ;(call.timers ??= []).push(timer)
}

function keyOf({ id, options }: TaskDefinition, args: readonly unknown[]): string | undefined {
  const { key } = options
  if (key === undefined) return undefined
  return `${id}\n${typeof key === 'string' ? key : (key as (...args: readonly unknown[]) => string)(...args)}`
}
