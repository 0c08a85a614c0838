import { deserialize, serialize } from 'node:v8'
import type { LossRecord } from '../coordinator/loss.ts'
import type { Needs, StageSpec } from '../coordinator/stage.ts'
import type { WorkerLog } from '../coordinator/options.ts'
import type { TaskRecord } from '../coordinator/task-record.ts'
import type { Demand } from '../coordinator/demand.ts'
import type { ErrorRecord } from '../wire/error-record.ts'
import type { WorkerFacts } from '../wire/messages.ts'
import type { ShippedCode } from '../wire/shipped.ts'
import type { TaskFailure } from '../wire/task-failure.ts'

/** All of a stage's description that is data: whatever of a `StageSpec` is not a function, its code apart. */
export type StageData = Pick<StageSpec<unknown>, 'name' | 'program' | 'options' | 'accumulates'>

/** What the coordinator must know of a piece of work whose payload it cannot read. */
export interface WorkData {
  readonly id: number
  readonly size: number
  readonly description: string
}

/** Callbacks that a stage may have or not: the coordinator behaves otherwise where it has. */
export const OPTIONAL_CALLS = ['partial', 'rest', 'failed', 'started', 'waiting', 'lost', 'home'] as const
export type OptionalCall = (typeof OPTIONAL_CALLS)[number]

/** A thread of a worker, as it is known on both sides. */
export interface PlaceData {
  readonly id: number
  readonly thread: number
  readonly facts: WorkerFacts
}

/** From the driver, on the channel of the stage. A task's payload follows its message. */
export type DriverStageMessage =
  | {
      readonly type: 'open'
      readonly data: StageData
      readonly code: readonly string[]
      readonly calls: readonly OptionalCall[]
    }
  | { readonly type: 'task'; readonly work: WorkData }
  | { readonly type: 'exhausted' }
  /** What `work` can be cut into, for finding the piece that ends its worker. The payloads come as tasks of `part`. */
  | { readonly type: 'piece'; readonly of: number; readonly work: WorkData; readonly last: boolean }

/** From the driver, on the control channel: it must not wait for room, or has none to ask for. */
export type DriverMessage =
  /** Code that stages name, each piece once. */
  | { readonly type: 'code'; readonly code: readonly ShippedCode[] }
  | { readonly type: 'program'; readonly hash: string; readonly source: string }
  /** The stage on this channel is to end; it may not have been opened yet. */
  | { readonly type: 'cancel'; readonly stage: number; readonly reason: ErrorRecord }
  /** What is left of a task that gave a part of its results before its thread was lost. */
  | {
      readonly type: 'rest'
      readonly stage: number
      readonly work: number
      readonly payload: Uint8Array | undefined
    }
  | { readonly type: 'home'; readonly stage: number; readonly place: number | undefined }
  | { readonly type: 'revoke'; readonly stage: number; readonly work: number; readonly piece: number | undefined }
  /** So many more of the values that a piece of the work yields are wanted. */
  | {
      readonly type: 'more'
      readonly stage: number
      readonly work: number
      readonly piece: number
      readonly count: number
    }
  | { readonly type: 'release'; readonly name: string }
  | { readonly type: 'drain'; readonly request: number; readonly pod: string }
  | { readonly type: 'settle'; readonly request: number; readonly needs: Needs | undefined }
  /** For user code on that thread: a frame of the workers' own protocol. */
  | { readonly type: 'to-place'; readonly place: number; readonly kind: number; readonly body: Uint8Array }
  | { readonly type: 'investigated'; readonly request: number; readonly record: LossRecord }
  /** The run is over: workers leave, the coordinator ends. */
  | { readonly type: 'close' }

/** From the coordinator, on the channel of the stage. Results and parts follow their message. */
export type CoordinatorStageMessage =
  | { readonly type: 'done'; readonly work: number; readonly micros: number }
  | { readonly type: 'part' }
  | { readonly type: 'failed'; readonly work: number; readonly failure: TaskFailure }
  | { readonly type: 'split'; readonly work: number }
  | { readonly type: 'partial'; readonly work: number; readonly place: PlaceData }
  | { readonly type: 'started'; readonly work: number; readonly place: PlaceData }
  | { readonly type: 'rest'; readonly work: number }
  /** This task alone: the stage goes on. */
  | {
      readonly type: 'work-failed'
      readonly work: number
      readonly error: ErrorRecord
      readonly losses?: readonly LossRecord[]
    }
  | {
      readonly type: 'lost'
      readonly work: number | undefined
      readonly record: LossRecord
      readonly hasRun: boolean
    }
  /** The last of the stage. */
  | { readonly type: 'ended'; readonly error?: ErrorRecord; readonly losses?: readonly LossRecord[] }

/** From the coordinator, on the control channel. */
export type CoordinatorNews =
  | { readonly type: 'workers'; readonly workers: number; readonly threads: number }
  | { readonly type: 'loss'; readonly record: LossRecord }
  | { readonly type: 'investigate'; readonly request: number; readonly record: LossRecord }
  | { readonly type: 'silent'; readonly pod: string }
  | { readonly type: 'retry' }
  | { readonly type: 'log'; readonly log: WorkerLog }
  | { readonly type: 'tasks'; readonly records: readonly TaskRecord[] }
  | { readonly type: 'leaving'; readonly pod: string }
  | { readonly type: 'demand'; readonly demand: Demand; readonly capacities: readonly Needs[] }
  | { readonly type: 'drained'; readonly request: number }
  | { readonly type: 'settled'; readonly request: number; readonly place: PlaceData | undefined }
  | { readonly type: 'ask'; readonly place: PlaceData; readonly body: Uint8Array; readonly sent: readonly SentData[] }
  | { readonly type: 'why'; readonly reasons: readonly string[] }

/** A task that is with a thread whose user code asks something. */
export interface SentData {
  readonly id: number
  readonly stage: number
  readonly work: number
  readonly name: string
}

const HEAD_LENGTH_BYTES = 4

/** A message and the bytes that belong to it: the length of the message (32 bits, little endian), itself, the bytes. */
export function encodeMessage(message: unknown, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const head = serialize(message)
  const body = new Uint8Array(HEAD_LENGTH_BYTES + head.byteLength + payload.byteLength)
  new DataView(body.buffer).setUint32(0, head.byteLength, true)
  body.set(head, HEAD_LENGTH_BYTES)
  body.set(payload, HEAD_LENGTH_BYTES + head.byteLength)
  return body
}

export function decodeMessage<M>(body: Uint8Array<ArrayBuffer>): {
  readonly message: M
  readonly payload: Uint8Array<ArrayBuffer>
} {
  const length = new DataView(body.buffer, body.byteOffset).getUint32(0, true)
  const end = HEAD_LENGTH_BYTES + length
  return { message: deserialize(body.subarray(HEAD_LENGTH_BYTES, end)) as M, payload: body.slice(end) }
}
