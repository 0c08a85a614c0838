import { deserialize, serialize } from 'node:v8'
import type { LossRecord } from '../coordinator/loss.ts'
import type { StageSpec } from '../coordinator/stage.ts'
import type { ErrorRecord } from '../wire/error-record.ts'
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

/** From the driver, on the channel of the stage. A task's payload follows its message. */
export type DriverStageMessage =
  | { readonly type: 'open'; readonly data: StageData; readonly code: readonly string[] }
  | { readonly type: 'task'; readonly work: WorkData }
  | { readonly type: 'exhausted' }
  /** What `work` can be cut into, for finding the piece that ends its worker. The payloads come as tasks of `part`. */
  | { readonly type: 'piece'; readonly of: number; readonly work: WorkData; readonly last: boolean }

/** From the driver, on the control channel. */
export type DriverMessage =
  /** Code that stages name, each piece once. */
  | { readonly type: 'code'; readonly code: readonly ShippedCode[] }
  | { readonly type: 'program'; readonly hash: string; readonly source: string }
  /** The stage on this channel is to end; it may not have been opened yet. */
  | { readonly type: 'cancel'; readonly stage: number; readonly reason: ErrorRecord }
  | { readonly type: 'investigated'; readonly request: number; readonly record: LossRecord }
  /** The run is over: workers leave, the coordinator ends. */
  | { readonly type: 'close' }

/** From the coordinator, on the channel of the stage. Results and parts follow their message. */
export type CoordinatorStageMessage =
  | { readonly type: 'done'; readonly work: number; readonly micros: number }
  | { readonly type: 'part' }
  | { readonly type: 'failed'; readonly work: number; readonly failure: TaskFailure }
  | { readonly type: 'split'; readonly work: number }
  /** The last of the stage. */
  | { readonly type: 'ended'; readonly error?: ErrorRecord; readonly losses?: readonly LossRecord[] }

/** From the coordinator, on the control channel. */
export type CoordinatorNews =
  | { readonly type: 'workers'; readonly workers: number; readonly threads: number }
  | { readonly type: 'loss'; readonly record: LossRecord }
  | { readonly type: 'investigate'; readonly request: number; readonly record: LossRecord }
  | { readonly type: 'silent'; readonly pod: string }
  | { readonly type: 'retry' }
  | { readonly type: 'why'; readonly reasons: readonly string[] }

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
