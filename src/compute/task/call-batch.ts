import { readU32 } from '../wire/pack.ts'
import type { Call } from './call.ts'

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

/** The payload of a task: the records of its calls. Those that lie in one piece of memory, as submitted, are copied as one. */
export function encodeBatch({ calls }: CallBatch): Uint8Array {
  let total = 4
  for (const call of calls)
    total += call.packed === undefined ? NOTHING.byteLength : call.packed.end - call.packed.start
  const bytes = Buffer.allocUnsafeSlow(total)
  bytes.writeUInt32LE(calls.length, 0)
  let at = 4
  for (let index = 0; index < calls.length;) {
    const first = calls[index++]!.packed
    if (first === undefined) {
      bytes.set(NOTHING, at)
      at += NOTHING.byteLength
      continue
    }
    let end = first.end
    for (
      let next = calls[index]?.packed;
      next?.bytes === first.bytes && next.start === end;
      next = calls[index]?.packed
    ) {
      end = next.end
      index++
    }
    bytes.set(first.bytes.subarray(first.start, end), at)
    at += end - first.start
  }
  return bytes
}

/** The record of a call that was settled meanwhile: it is told to stop anyway. */
const NOTHING = new Uint8Array([1, 0, 0, 0, 0])

/** How many bytes the call's record takes. */
export function sizeOf({ packed }: Call): number {
  return packed === undefined ? NOTHING.byteLength : readU32(packed.bytes, packed.start) + 4
}
