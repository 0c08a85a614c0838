import type { TaskNotes } from './task-context.ts'
import { decodeValue, encodeValue } from '../wire/values.ts'

/** What every task of a dataset has beside its input. */
export interface TaskHead {
  /** Rises with the place in the input. */
  readonly order: number
  /** The place in the whole dataset of its first record, where that is wanted. */
  readonly firstIndex: number
  /** For the sink: such as where to upload to. */
  readonly given?: unknown
}

const HEAD_BYTES = 24

/** A task's payload: order and first index, the length of what the sink is given, that, then the input. */
export function encodeTask({ order, firstIndex, given }: TaskHead, input: Uint8Array): Uint8Array {
  const extra = given === undefined ? new Uint8Array(0) : encodeValue(given)
  const padded = (extra.byteLength + 7) & ~7
  const bytes = new Uint8Array(HEAD_BYTES + padded + input.byteLength)
  const view = new DataView(bytes.buffer)
  view.setFloat64(0, order, true)
  view.setFloat64(8, firstIndex, true)
  view.setUint32(16, extra.byteLength, true)
  bytes.set(extra, HEAD_BYTES)
  bytes.set(input, HEAD_BYTES + padded)
  return bytes
}

export function decodeTask(bytes: Uint8Array): { readonly head: TaskHead; readonly input: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const extra = view.getUint32(16, true)
  const given = extra === 0 ? {} : { given: decodeValue(bytes.subarray(HEAD_BYTES, HEAD_BYTES + extra)) }
  return {
    head: { order: view.getFloat64(0, true), firstIndex: view.getFloat64(8, true), ...given },
    input: bytes.subarray(HEAD_BYTES + ((extra + 7) & ~7)),
  }
}

/** What a task answers: what its sink gave, or which of its parts are lost. */
export type TaskAnswer =
  | { readonly kind: 'made'; readonly notes: TaskNotes | undefined; readonly values: Uint8Array }
  | { readonly kind: 'lost'; readonly output: number; readonly reason: string }

const ANSWER = { made: 0, noted: 1, lost: 2 } as const

export function encodeMade(values: Uint8Array, notes: TaskNotes | undefined): Uint8Array {
  const note = notes === undefined ? new Uint8Array(0) : encodeValue(notes)
  const bytes = new Uint8Array(8 + note.byteLength + values.byteLength)
  bytes[0] = notes === undefined ? ANSWER.made : ANSWER.noted
  new DataView(bytes.buffer).setUint32(4, note.byteLength, true)
  bytes.set(note, 8)
  bytes.set(values, 8 + note.byteLength)
  return bytes
}

export function encodeLost(output: number, reason: string): Uint8Array {
  const said = encodeValue([output, reason])
  const bytes = new Uint8Array(8 + said.byteLength)
  bytes[0] = ANSWER.lost
  bytes.set(said, 8)
  return bytes
}

export function decodeAnswer(bytes: Uint8Array): TaskAnswer {
  if (bytes[0] === ANSWER.lost) {
    const [output, reason] = decodeValue(bytes.subarray(8)) as [number, string]
    return { kind: 'lost', output, reason }
  }
  const note = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true)
  const notes = bytes[0] === ANSWER.noted ? (decodeValue(bytes.subarray(8, 8 + note)) as TaskNotes) : undefined
  return { kind: 'made', notes, values: bytes.subarray(8 + note) }
}
