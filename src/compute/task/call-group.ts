import type { StageHost } from '../coordination.ts'
import type { Place, StageHandle, StageSpec } from '../coordinator/stage.ts'
import { errorOfFailure } from '../failure.ts'
import { createChunkSize } from '../map/chunk-size.ts'
import { CALL_STATUS, eachResult } from '../wire/calls.ts'
import { sharedName, Unpacker } from '../wire/pack.ts'
import { removeShared } from '../wire/shared-memory.ts'
import type { Shipment } from '../wire/shipped.ts'
import type { TaskFailure } from '../wire/task-failure.ts'
import { encodeValue } from '../wire/values.ts'
import type { CallOptions } from '../worker/call-program.ts'
import type { Call } from './call.ts'
import { batchOf, encodeBatch, openCalls, sizeOf } from './call-batch.ts'
import type { CallBatch } from './call-batch.ts'
import type { TaskOptions } from './task.ts'

/** The calls of one task that can run: a stage that stays open while there are any. */
export interface CallGroup {
  readonly name: string
  readonly options: TaskOptions<never>
  readonly queued: number
  /** Calls that are not settled, wherever they are; kept by whoever makes and settles them. */
  pending: number
  add(call: Call): void
  /** Nothing is pending: the stage ends, if the group has one for as long as that only. */
  rest(): void
  /** A call that was settled from outside, at a thread perhaps. */
  revoke(call: Call): void
  /** Where the call is run, in words; undefined where it is not. */
  placeOf(call: Call): string | undefined
}

/** What becomes of the calls of a group. */
export interface CallGroupHost {
  readonly coordinator: StageHost
  /** Where large results go, for workers that see it. */
  readonly memory: string | undefined
  succeeded(call: Call, bytes: Uint8Array, start: number, end: number): void
  /** An attempt has failed; it may be tried again. */
  attemptFailed(call: Call, error: unknown): void
  /** It cannot be done; it is not to be tried again. */
  failed(call: Call, error: unknown): void
  /** An attempt at calls of a task with `timeoutMs` began. */
  started(batch: CallBatch): void
}

export interface CallGroupOptions {
  readonly name: string
  readonly options: TaskOptions<never>
  /** Submitted by tasks themselves: these go first, the newest before all, so that what waits for them need not wait long. */
  readonly isNested: boolean
  /** Its function is seen once: the stage ends with its calls. */
  readonly isBrief: boolean
  readonly shipment: Promise<Shipment>
  readonly host: CallGroupHost
}

/** A task has at most so many calls, and so many bytes of them. */
const MAX_CALLS = 1024
const MAX_BYTES = 256 * 1024

export function createCallGroup(group: CallGroupOptions): CallGroup {
  const { name, options, host } = group
  const queue = new CallQueue(group.isNested)
  const out: Out = { batches: new Set(), places: new WeakMap() }
  let handle: StageHandle | undefined
  let isOpening = false
  let isWaking = false
  const open = async () => {
    isOpening = true
    try {
      const shipment = await group.shipment
      const isOver = () => group.isBrief && made.pending === 0
      handle = host.coordinator.open(stageOf(group, shipment, queue, out, isOver))
      await handle.finished
    } catch (error) {
      const away = [...out.batches].flatMap(openCalls)
      out.batches.clear()
      for (const call of away) host.failed(call, error)
      for (let call = queue.take(); call !== undefined; call = queue.take()) host.failed(call, error)
    } finally {
      handle = undefined
      isOpening = false
    }
  }
  const wake = () => {
    isWaking = false
    if (!isOpening) void open()
    else handle?.wake()
  }
  const made: CallGroup = {
    name,
    options,
    pending: 0,
    rest() {
      if (group.isBrief) handle?.wake()
    },
    get queued() {
      return queue.size
    },
    add(call) {
      call.state = 'queued'
      queue.add(call)
      if (isWaking) return
      isWaking = true
      queueMicrotask(wake)
    },
    revoke(call) {
      const batch = call.batch as CallBatch | undefined
      if (batch === undefined) return queue.forget()
      const only = batch.calls.length === 1
      handle?.revoke?.(batch, only ? undefined : batch.calls.indexOf(call))
    },
    placeOf(call) {
      const place = call.batch === undefined ? undefined : out.places.get(call.batch as CallBatch)
      return place && `${place.worker.facts.pod}, thread ${place.thread}`
    },
  }
  return made
}

/** What is with the workers, and where. */
interface Out {
  readonly batches: Set<CallBatch>
  readonly places: WeakMap<CallBatch, Place>
}

/** Calls in the order in which they run. What was settled meanwhile is left out when it would be taken. */
class CallQueue {
  readonly #isStack: boolean
  #calls: Call[] = []
  #head = 0
  /** Settled while they waited. */
  #gone = 0

  constructor(isStack: boolean) {
    this.#isStack = isStack
  }

  get size(): number {
    return Math.max(0, this.#calls.length - this.#head - this.#gone)
  }

  add(call: Call): void {
    this.#calls.push(call)
  }

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

function stageOf(
  { name, options, isNested, host }: CallGroupOptions,
  shipment: Shipment,
  queue: CallQueue,
  out: Out,
  isOver: () => boolean,
): StageSpec<CallBatch> {
  const program: CallOptions = { fn: shipment.shipped, ...(host.memory === undefined ? {} : { memory: host.memory }) }
  const { timeoutMs, needs, twice } = options
  const isSingle = timeoutMs !== undefined || needs !== undefined
  const size = createChunkSize(isSingle ? 1 : undefined)
  const take = (batch: CallBatch, payload: Uint8Array) =>
    eachResult(payload, (index, status, _micros, start, end) => {
      const call = batch.calls[index]
      // Somebody else was faster, or it is no longer wanted.
      if (call === undefined || call.isSettled || call.batch !== batch) return removeResult(payload, start)
      if (status === CALL_STATUS.done) return host.succeeded(call, payload, start, end)
      if (status !== CALL_STATUS.failed) return
      const failure = new Unpacker(payload, start).value() as TaskFailure
      host.attemptFailed(call, errorOfFailure(failure, `a call of "${name}"`, [shipment]))
    })
  const leave = (batch: CallBatch | undefined) => {
    if (batch !== undefined) out.batches.add(batch)
    return batch
  }
  const replace = (batch: CallBatch, pieces: CallBatch[]) => {
    out.batches.delete(batch)
    for (const piece of pieces) out.batches.add(piece)
    return pieces
  }
  return {
    name,
    program: 'call',
    options: encodeValue(program),
    code: shipment.code,
    accumulates: false,
    priority: (options.priority ?? 0) + (isNested ? 0.5 : 0),
    ...(needs === undefined ? {} : { needs }),
    ...(twice === undefined ? {} : { twice }),
    next: (threads) => leave(nextBatch(queue, size.next(queue.size, threads))),
    isExhausted: isOver,
    waiting: () => queue.size,
    encode(batch, seesMemory) {
      for (const call of openCalls(batch)) call.state = 'running'
      return encodeBatch(batch, seesMemory)
    },
    split: (batch) =>
      replace(
        batch,
        openCalls(batch).map((call) => batchOf([requeued(call)])),
      ),
    rest(batch) {
      const open = openCalls(batch)
      return replace(batch, open.length === 0 ? [] : [batchOf(open.map(requeued))])
    },
    sizeOf: ({ calls }) => calls.length,
    describe: ({ calls }) => (calls.length === 1 ? 'one call' : `${calls.length} calls`),
    commit(batch, payload, micros) {
      size.observe(batch.calls.length, micros)
      out.batches.delete(batch)
      take(batch, payload)
    },
    partial: take,
    started(batch, place) {
      out.places.set(batch, place)
      if (timeoutMs !== undefined) host.started(batch)
    },
    fail: (_batch, failure) => errorOfFailure(failure, `"${name}"`, [shipment]),
    failed(batch, error) {
      out.batches.delete(batch)
      for (const call of openCalls(batch)) host.failed(call, error)
    },
  }
}

function removeResult(payload: Uint8Array, start: number): void {
  const name = sharedName(payload, start)
  if (name !== undefined) removeShared(name)
}

function requeued(call: Call): Call {
  call.state = 'queued'
  return call
}

function nextBatch(queue: CallQueue, wanted: number): CallBatch | undefined {
  const calls: Call[] = []
  let bytes = 0
  while (calls.length < Math.min(wanted, MAX_CALLS) && bytes < MAX_BYTES) {
    const call = queue.take()
    if (call === undefined) break
    calls.push(call)
    bytes += sizeOf(call)
  }
  return calls.length === 0 ? undefined : batchOf(calls)
}
