import { reviveError } from '../wire/error-record.ts'
import type { ErrorRecord } from '../wire/error-record.ts'
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../wire/frame.ts'
import { ASK_HEADER_BYTES, FRAME } from '../wire/messages.ts'
import { Packer, readU32, Unpacker } from '../wire/pack.ts'
import { decodeShared } from '../wire/shared-value.ts'
import { currentCall } from './call-context.ts'
import type { CallContext } from './call-context.ts'
import { OBJECT_STATUS } from './object-cache.ts'

/** What a thread has asked of the session, by number, until it is answered. */
export interface Asks {
  /** Asks with what `write` adds to the header. */
  ask(kind: number, write: (packer: Packer) => void): Sent
  /** Takes in an answer of the coordinator. */
  answer(body: Uint8Array): void
  /** Takes in the bytes of the object that the last answer spoke of. */
  object(bytes: Uint8Array): void
}

export interface Sent {
  readonly number: number
  readonly answer: Promise<unknown>
}

export interface AskOptions {
  readonly thread: number
  send(frame: Uint8Array<ArrayBuffer>): void
}

interface Asked {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly context: CallContext | undefined
}

/** A call that asks for something waits from the end of its turn until the last answer: its thread is free meanwhile. */
export function createAsks({ thread, send }: AskOptions): Asks {
  const asked = new Map<number, Asked>()
  let last = 0
  let awaited: Asked | undefined
  const settle = (number: number): Asked | undefined => {
    const found = asked.get(number)
    asked.delete(number)
    if (found?.context !== undefined && --found.context.open === 0) found.context.attempt.waits(false)
    return found
  }
  return {
    ask(kind, write) {
      const number = ++last
      const frame = askFrame(number, thread, kind, write)
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      const context = currentCall()
      asked.set(number, { resolve, reject, context })
      if (context !== undefined && context.open++ === 0) queueMicrotask(() => context.attempt.waits(context.open > 0))
      send(frame)
      return { number, answer: promise }
    },
    answer(body) {
      const found = settle(readU32(body, 0))
      if (body[5] === OBJECT_STATUS) awaited = found
      if (found === undefined || body[5] === OBJECT_STATUS) return
      const value = new Unpacker(body, ASK_HEADER_BYTES).value()
      if (body[5] === 0) found.resolve(value)
      else found.reject(reviveError(value as ErrorRecord, unknownError))
    },
    object(bytes) {
      awaited?.resolve(decodeShared(bytes))
      awaited = undefined
    },
  }
}

function askFrame(
  number: number,
  thread: number,
  kind: number,
  write: (packer: Packer) => void,
): Uint8Array<ArrayBuffer> {
  const packer = new Packer(512)
  packer.begin()
  packer.ensure(FRAME_HEADER_BYTES)
  packer.at += FRAME_HEADER_BYTES
  packer.u32(number)
  packer.u8(thread)
  packer.u8(kind)
  write(packer)
  writeFrameHeader(packer.bytes.subarray(packer.start), FRAME.ask, packer.at - packer.start - FRAME_HEADER_BYTES)
  return new Uint8Array(packer.bytes.subarray(packer.start, packer.at))
}

class UnknownTaskError extends Error {
  override readonly name: string
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

const unknownError = ({ className, message }: ErrorRecord) => new UnknownTaskError(className, message)
