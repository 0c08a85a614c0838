import type { Packer } from './pack.ts'
import { readU32, Unpacker } from './pack.ts'

/**
 * What crosses the wire for the calls of a task: a list of records, each the length of its values (32 bits), their number
 * (one byte) and the values, packed. A result is a record of what became of the call at `index` of that list.
 */
export const CALL_STATUS = {
  done: 0,
  /** The value is a `TaskFailure`. */
  failed: 1,
  /** It was told to stop. */
  stopped: 2,
  /** One of the values that a generator yields; the call goes on. */
  item: 3,
} as const

/** In place of an index: not a call's result, but the state of the actor after all of those before it. */
export const STATE_INDEX = 0xffffffff

/** How many values of a generator are sent before the first of them was taken. */
export const FIRST_CREDIT = 64

/** Added to the number of calls where some of their arguments are in shared memory. */
export const SHARED_FLAG = 0x80000000

/** How many values a call has at most: their number is one byte. */
export const MAX_ARGUMENTS = 255

/** Begins a call's record; {@link endCall} ends it. */
export function beginCall(packer: Packer, count: number): void {
  packer.begin()
  packer.u32(0)
  packer.u8(count)
}

export function endCall(packer: Packer): void {
  const length = packer.at - packer.start - 4
  new DataView(packer.bytes.buffer, packer.bytes.byteOffset).setUint32(packer.start, length, true)
}

/** The values of a call's record. */
export function argumentsIn({ bytes, start }: { readonly bytes: Uint8Array; readonly start: number }): unknown[] {
  const read = new Unpacker(bytes, start + 4)
  return Array.from({ length: read.u8() }, () => read.value())
}

const RESULT_HEADER = 13

/** Writes the head of a result; the value follows, then {@link endResult}. Gives where the record began. */
export function beginResult(packer: Packer, index: number): number {
  packer.u32(index)
  packer.ensure(RESULT_HEADER - 4)
  const at = packer.at
  packer.at += RESULT_HEADER - 4
  return at - packer.start
}

/** `at` is what {@link beginResult} gave. */
export function endResult(packer: Packer, at: number, status: number, micros: number): void {
  const from = packer.start + at
  packer.bytes[from] = status
  const view = new DataView(packer.bytes.buffer, packer.bytes.byteOffset)
  view.setUint32(from + 1, Math.min(micros, 0xffffffff), true)
  view.setUint32(from + 5, packer.at - from - (RESULT_HEADER - 4), true)
}

/** Goes through the results of a payload. */
export function eachResult(
  bytes: Uint8Array,
  take: (index: number, status: number, micros: number, start: number, end: number) => void,
): void {
  let at = 0
  while (at < bytes.byteLength) {
    const start = at + RESULT_HEADER
    const end = start + readU32(bytes, at + 9)
    take(readU32(bytes, at), bytes[at + 4]!, readU32(bytes, at + 5), start, end)
    at = end
  }
}
