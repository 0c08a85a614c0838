import type { StageHost } from '../coordination.ts'
import type { Place, StageHandle, StageSpec } from '../coordinator/stage.ts'
import { errorOfFailure } from '../failure.ts'
import { createChunkSize } from '../map/chunk-size.ts'
import { nameOf } from '../map/map-stage.ts'
import type { FailedTasks } from '../replay/keep-failed.ts'
import type { Shipment } from '../wire/shipped.ts'
import { encodeValue } from '../wire/values.ts'
import type { CallOptions } from '../worker/call-program.ts'
import type { Call } from './call.ts'
import { batchOf, encodeBatch, openCalls } from './call-batch.ts'
import type { CallBatch } from './call-batch.ts'
import { CallQueue, takeResults } from './call-queue.ts'
import type { TaskOptions } from './task.ts'

/** The calls of one task that can run: a stage that stays open while there are any. */
export interface CallGroup {
  /** That of the task or function; where its source is known, the place of one without a name. */
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
  /** So many more of the values that the call yields may come. */
  more(call: Call, count: number): void
  /** The call has failed with that, and is not tried again. */
  keep(call: Call, error: Error): void
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
  /** Where calls that failed for good are kept. */
  readonly failedTasks?: FailedTasks | undefined
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
  let spec: StageSpec<CallBatch> | undefined
  let isOpening = false
  let isWaking = false
  const open = async () => {
    isOpening = true
    try {
      const shipment = await group.shipment
      if (named === '') named = nameOf(shipment)
      const isOver = () => group.isBrief && made.pending === 0
      spec = stageOf({ ...group, name: named }, shipment, queue, out, isOver)
      handle = host.coordinator.open(spec)
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
  let named = name
  const made: CallGroup = {
    get name() {
      return named
    },
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
    more(call, count) {
      const batch = call.batch as CallBatch | undefined
      if (batch !== undefined) handle?.more?.(batch, batch.calls.indexOf(call), count)
    },
    keep(call, error) {
      if (spec !== undefined) host.failedTasks?.keep(spec, { calls: [call], startedMs: 0 }, error)
    },
    placeOf: (call) => placeIn(out, call),
  }
  return made
}

function placeIn({ places }: Out, { batch }: Call): string | undefined {
  const place = batch === undefined ? undefined : places.get(batch as CallBatch)
  return place && `${place.worker.facts.pod}, thread ${place.thread}`
}

/** What is with the workers, and where. */
interface Out {
  readonly batches: Set<CallBatch>
  readonly places: WeakMap<CallBatch, Place>
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
  const take = (batch: CallBatch, payload: Uint8Array) => takeResults(batch, payload, host, [shipment], name)
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

function requeued(call: Call): Call {
  call.state = 'queued'
  return call
}

function nextBatch(queue: CallQueue, wanted: number): CallBatch | undefined {
  const calls = queue.takeSome(Math.min(wanted, MAX_CALLS), MAX_BYTES)
  return calls.length === 0 ? undefined : batchOf(calls)
}
