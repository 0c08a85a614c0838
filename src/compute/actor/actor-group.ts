import { describeLoss } from '../coordinator/loss.ts'
import type { LossRecord } from '../coordinator/loss.ts'
import type { Needs, Place, StageHandle, StageSpec } from '../coordinator/stage.ts'
import { ComputeError } from '../errors.ts'
import { errorOfFailure } from '../failure.ts'
import type { Call } from '../task/call.ts'
import { batchOf, encodeBatch, openCalls } from '../task/call-batch.ts'
import type { CallBatch } from '../task/call-batch.ts'
import type { CallGroup, CallGroupHost } from '../task/call-group.ts'
import { CallQueue, takeResults } from '../task/call-queue.ts'
import { eachResult, STATE_INDEX } from '../wire/calls.ts'
import { Unpacker } from '../wire/pack.ts'
import type { Shipment } from '../wire/shipped.ts'
import { encodeValue } from '../wire/values.ts'
import type { ActorOptions as ProgramOptions } from '../worker/actor-program.ts'
import type { ActorControl, ActorOptions, ActorState } from './actor.ts'

/** An actor as its driver knows it: the queue of its calls, and the one thread at a time where they run. */
export interface ActorGroup extends CallGroup, ActorControl {
  /** Workers came or went: there may be room now. */
  look(): void
  readonly needs: Needs | undefined
  /** The worker of that pod is to leave: an actor that can take its state along goes elsewhere, once it has answered its calls. */
  leave(pod: string): void
}

export interface ActorGroupOptions {
  readonly name: string
  readonly options: ActorOptions
  readonly shipment: Promise<Shipment>
  readonly host: CallGroupHost
  readonly onEnded: () => void
}

const MAX_CALLS = 512
const MAX_BYTES = 256 * 1024

export function createActorGroup(made: ActorGroupOptions): ActorGroup {
  return new ActorTable(made)
}

/** One life after another: each is a stage of its own, at home on one thread. */
class ActorTable implements ActorGroup {
  readonly name: string
  readonly options = {}
  pending = 0
  restarts = 0
  state: ActorState = 'homeless'
  readonly #made: ActorGroupOptions
  readonly #queue = new CallQueue(false)
  readonly #out = new Set<CallBatch>()
  #shipment: Shipment | undefined
  #saved: { readonly value: unknown } | undefined
  #home: Place | undefined
  #handle: StageHandle | undefined
  #lastLoss: LossRecord | undefined
  #isWaking = false
  #isMoving = false
  #hasRun = false
  readonly #stopped = Promise.withResolvers<void>()

  constructor(made: ActorGroupOptions) {
    this.#made = made
    this.name = made.name
    void made.shipment.then(
      (shipment) => {
        this.#shipment = shipment
        this.look()
      },
      (error: unknown) => this.#die(error),
    )
  }

  get needs(): Needs | undefined {
    return this.#made.options.needs
  }

  get queued(): number {
    return this.#queue.size
  }

  get place(): string | undefined {
    return this.#home && `${this.#home.worker.facts.pod}, thread ${this.#home.thread}`
  }

  /** What an actor answers follows from all that it was asked before: one call alone says nothing. */
  keep(): void {}

  placeOf(call: Call): string | undefined {
    return call.batch === undefined ? undefined : this.place
  }

  why(): readonly string[] {
    const name = `"${this.name}"`
    if (this.#shipment === undefined) return [`actor ${name} waits for its code to be put together`]
    if (this.state === 'homeless')
      return [`actor ${name} waits for a worker with room: ${this.queued} calls wait with it`]
    if (this.queued === 0 && this.#out.size === 0) return []
    return [`actor ${name} on ${this.place} is at ${this.pending - this.queued} calls, ${this.queued} wait`]
  }

  add(call: Call): void {
    call.state = 'queued'
    if (this.state === 'lost' || this.state === 'stopped') return this.#made.host.failed(call, this.#lostError())
    this.#queue.add(call)
    if (this.#isWaking) return
    this.#isWaking = true
    queueMicrotask(() => {
      this.#isWaking = false
      this.#handle?.wake()
    })
  }

  /** What an actor is at cannot be taken from it: its state would be anybody's guess. The result is not taken. */
  revoke(call: Call): void {
    if (call.batch === undefined) return this.#queue.forget()
    const batch = call.batch as CallBatch
    if (call.stream !== undefined) this.#handle?.revoke?.(batch, batch.calls.indexOf(call))
  }

  more(call: Call, count: number): void {
    const batch = call.batch as CallBatch | undefined
    if (batch !== undefined) this.#handle?.more?.(batch, batch.calls.indexOf(call), count)
  }

  rest(): void {
    if (this.state === 'stopping') this.#end()
  }

  look(): void {
    if (this.state !== 'homeless' || this.#shipment === undefined) return
    this.#home = this.#made.host.coordinator.settleDown?.(this.#made.options.needs)
    if (this.#home === undefined) return
    this.state = 'living'
    const handle = this.#made.host.coordinator.open(this.#stage(this.#shipment, this.#home))
    this.#handle = handle
    handle.finished.then(
      () => {},
      (error: unknown) => {
        if (this.#handle === handle && this.state !== 'stopped') this.#die(error)
      },
    )
  }

  leave(pod: string): void {
    if (this.state !== 'living' || this.#home?.worker.facts.pod !== pod) return
    this.#isMoving = this.#saved !== undefined || !this.#hasRun
    this.#moveOn()
  }

  /** The stage of this life ends without an error; the next life begins with the state that came with the last result. */
  #moveOn(): void {
    if (!this.#isMoving || this.state !== 'living' || this.#out.size > 0) return
    this.#isMoving = false
    const handle = this.#handle
    this.#handle = this.#home = undefined
    this.state = 'homeless'
    handle?.wake()
    queueMicrotask(() => this.look())
  }

  stop(): Promise<void> {
    if (this.state === 'lost' || this.state === 'stopped') return Promise.resolve()
    this.state = 'stopping'
    if (this.pending === 0) this.#end()
    return this.#stopped.promise
  }

  kill(reason?: Error): void {
    this.#die(reason ?? new ComputeError('SHOAL_ACTOR_LOST', `Cannot go on with actor "${this.name}": it was killed`))
  }

  /** All that was asked of it is done. */
  #end(): void {
    this.state = 'stopped'
    const handle = this.#handle
    this.#handle = this.#home = undefined
    // The stage ends without an error: nothing of it runs.
    handle?.wake()
    this.#made.onEnded()
    this.#stopped.resolve()
  }

  #die(error: unknown): void {
    if (this.state === 'lost' || this.state === 'stopped') return
    this.state = 'lost'
    const handle = this.#handle
    this.#handle = this.#home = undefined
    handle?.cancel(error)
    this.#made.onEnded()
    const open = [...this.#out].flatMap(openCalls)
    this.#out.clear()
    for (const call of open) this.#made.host.failed(call, error)
    for (let call = this.#queue.take(); call !== undefined; call = this.#queue.take())
      this.#made.host.failed(call, error)
    this.#stopped.resolve()
  }

  #lostError(): ComputeError {
    const loss = this.#lastLoss === undefined ? '' : `: ${describeLoss(this.#lastLoss)}`
    return new ComputeError('SHOAL_ACTOR_LOST', `Cannot call actor "${this.name}": it is ${this.state}${loss}`, {
      hint: 'Give it restarts, and saveState() and restoreState() where it has something to lose',
      facts: { name: this.name, state: this.state, restarts: this.restarts },
    })
  }

  /** Its thread is gone, and with it what it had in mind. */
  #lost(record: LossRecord): void {
    if (this.state !== 'living' && this.state !== 'stopping') return
    const wasStopping = this.state === 'stopping'
    this.#lastLoss = record
    this.#isMoving = false
    const open = [...this.#out].flatMap(openCalls)
    this.#out.clear()
    const { restarts = 0, repeatCalls = false } = this.#made.options
    if (this.restarts >= restarts) {
      this.state = 'lost'
      const error = this.#lostError()
      this.state = 'living'
      for (const call of open) this.#made.host.failed(call, error)
      return this.#die(error)
    }
    this.restarts++
    const handle = this.#handle
    this.#handle = this.#home = undefined
    this.state = 'homeless'
    if (repeatCalls) this.#queue.putBack(open)
    else for (const call of open) this.#made.host.failed(call, this.#lostError())
    handle?.cancel(new Error('The actor begins anew'))
    if (wasStopping && this.pending === 0) return this.#end()
    // In its own turn: the coordinator is in the middle of a loss.
    queueMicrotask(() => this.look())
  }

  #stage(shipment: Shipment, home: Place): StageSpec<CallBatch> {
    const { args = [], concurrency = 1, needs } = this.#made.options
    const { memory } = this.#made.host
    const program: ProgramOptions = {
      type: shipment.shipped,
      args,
      concurrency,
      ...(this.#saved === undefined ? {} : { state: this.#saved }),
      ...(memory === undefined ? {} : { memory }),
    }
    const life = this.restarts
    const isCurrent = () => this.#home === home && this.restarts === life
    const take = (batch: CallBatch, payload: Uint8Array) => {
      takeResults(batch, payload, this.#made.host, [shipment], this.name)
      this.#takeState(payload)
    }
    return {
      name: `actor ${this.name}`,
      program: 'actor',
      options: encodeValue(program),
      code: shipment.code,
      accumulates: false,
      twice: false,
      ahead: 4,
      ...(needs === undefined ? {} : { needs }),
      home: () => (isCurrent() ? home : undefined),
      next: () => (isCurrent() ? this.#next() : undefined),
      isExhausted: () => !isCurrent(),
      waiting: () => this.queued,
      encode(batch, seesMemory) {
        for (const call of openCalls(batch)) call.state = 'running'
        return encodeBatch(batch, seesMemory)
      },
      split: (batch) => [batch],
      sizeOf: ({ calls }) => calls.length,
      describe: ({ calls }) => `${calls.length} calls`,
      commit: (batch, payload) => {
        this.#out.delete(batch)
        take(batch, payload)
        this.#moveOn()
      },
      partial: take,
      fail: (_batch, failure) => errorOfFailure(failure, `actor "${this.name}"`, [shipment]),
      failed: (batch, error) => {
        this.#out.delete(batch)
        for (const call of openCalls(batch)) this.#made.host.failed(call, error)
      },
      lost: (_work, record) => {
        if (isCurrent()) this.#lost(record)
      },
    }
  }

  #next(): CallBatch | undefined {
    if (this.#isMoving) return undefined
    const calls: Call[] = this.#queue.takeSome(MAX_CALLS, MAX_BYTES)
    if (calls.length === 0) return undefined
    this.#hasRun = true
    const batch = batchOf(calls)
    this.#out.add(batch)
    return batch
  }

  #takeState(payload: Uint8Array): void {
    const at = payload.byteLength === 0 ? undefined : stateIn(payload)
    if (at !== undefined) this.#saved = { value: new Unpacker(payload, at).value() }
  }
}

/** Where in the results lies what `saveState` gave: always last. */
function stateIn(payload: Uint8Array): number | undefined {
  let found: number | undefined
  eachResult(payload, (index, _status, _micros, start) => {
    if (index === STATE_INDEX) found = start
  })
  return found
}
