import { beginCall, endCall, SHARED_FLAG } from '../wire/calls.ts'
import { Packer, readU32, Unpacker } from '../wire/pack.ts'
import type { Call, Packed } from './call.ts'

/** Calls that travel together. Results name them by their index, so that the list never changes. */
export interface CallBatch {
  readonly calls: readonly Call[]
  /** When its attempt began, for the timeline; 0 before. */
  startedMs: number
}

export function batchOf(calls: readonly Call[]): CallBatch {
  const batch: CallBatch = { calls, startedMs: 0 }
  for (const call of calls) call.batch = batch
  return batch
}

/** Those of the batch that still want a result. */
export function openCalls(batch: CallBatch): Call[] {
  return batch.calls.filter((call) => !call.isSettled && call.batch === batch)
}

/**
 * The payload of a task: the records of its calls, for a worker that sees what is in shared memory or does not. Those that lie in
 * one piece of memory, as submitted, are copied as one.
 */
export function encodeBatch({ calls }: CallBatch, seesMemory: boolean): Uint8Array {
  const isShared = calls.some(({ shared }) => shared !== undefined)
  const records = isShared && !seesMemory ? calls.map(inline) : calls.map(({ packed }) => packed ?? NOTHING)
  let total = 4
  for (const { start, end } of records) total += end - start
  const bytes = Buffer.allocUnsafeSlow(total)
  bytes.writeUInt32LE(calls.length + (isShared && seesMemory ? SHARED_FLAG : 0), 0)
  let at = 4
  for (let index = 0; index < records.length;) {
    const first = records[index++]!
    let { end } = first
    for (let next = records[index]; next?.bytes === first.bytes && next.start === end; next = records[index]) {
      end = next.end
      index++
    }
    bytes.set(first.bytes.subarray(first.start, end), at)
    at += end - first.start
  }
  return bytes
}

/** The record of a call with all that it has in shared memory put into it. */
function inline({ packed }: Call): Packed {
  if (packed === undefined) return NOTHING
  const read = new Unpacker(packed.bytes, packed.start + 4)
  const packer = new Packer(1024)
  const count = read.u8()
  beginCall(packer, count)
  for (let index = 0; index < count; index++) packer.value(read.value())
  endCall(packer)
  return { bytes: packer.bytes, start: packer.start, end: packer.at }
}

/** The record of a call that was settled meanwhile: it is told to stop anyway. */
const NOTHING: Packed = { bytes: new Uint8Array([1, 0, 0, 0, 0]), start: 0, end: 5 }

/** How many bytes the call's record takes. */
export function sizeOf({ packed }: Call): number {
  return packed === undefined ? NOTHING.end : readU32(packed.bytes, packed.start) + 4
}
