import { ASK, ASK_HEADER_BYTES } from '../wire/messages.ts'
import { isSharedName, readSharedInto, sharedBytes } from '../wire/shared-memory.ts'
import { Unpacker } from '../wire/pack.ts'
import { CALL_STATUS } from '../wire/calls.ts'

/** Objects of the session in this worker: each once, in memory that its threads share. */
export interface ObjectCache {
  /** Takes a thread's ask for an object: answers it from here where that is possible. Whether it is none of its business. */
  ask(body: Uint8Array): boolean
  /** Takes the coordinator's answer to what was asked on behalf of threads. Whether it is none of its business. */
  answer(body: Uint8Array): boolean
  release(id: string): void
}

export interface ObjectCacheOptions {
  /** Passes an ask on to the coordinator. */
  forward(body: Uint8Array): void
  /** An answer for a thread: its header, and the bytes where there are any. */
  reply(thread: number, header: Uint8Array<ArrayBuffer>, bytes: Uint8Array | undefined): void
}

type Asked = { readonly id: string; readonly asks: Uint8Array[] }

export function createObjectCache({ forward, reply }: ObjectCacheOptions): ObjectCache {
  const objects = new Map<string, Uint8Array>()
  /** By the thread and number of the first ask, which the coordinator answers. */
  const fetching = new Map<string, Asked>()
  const replyWith = (ask: Uint8Array, bytes: Uint8Array) => reply(ask[4]!, headerOf(ask), bytes)
  return {
    ask(body) {
      if (body[5] !== ASK.object) return true
      const id = new Unpacker(body, ASK_HEADER_BYTES).value() as string
      const bytes = objects.get(id) ?? inMemory(id)
      if (bytes !== undefined) {
        objects.set(id, bytes)
        replyWith(body, bytes)
        return false
      }
      const underWay = [...fetching.values()].find((asked) => asked.id === id)
      if (underWay !== undefined) underWay.asks.push(body)
      else {
        fetching.set(keyOf(body), { id, asks: [body] })
        forward(body)
      }
      return false
    },
    answer(body) {
      const asked = fetching.get(keyOf(body))
      if (asked === undefined) return true
      fetching.delete(keyOf(body))
      if (body[5] !== CALL_STATUS.done) {
        for (const ask of asked.asks) reply(ask[4]!, failureFor(ask, body), undefined)
        return false
      }
      const bytes = shared(body.subarray(ASK_HEADER_BYTES))
      objects.set(asked.id, bytes)
      for (const ask of asked.asks) replyWith(ask, bytes)
      return false
    },
    release: (id) => void objects.delete(id),
  }
}

/** In place of a status: the value is an object, whose bytes come beside. */
export const OBJECT_STATUS = 9

const keyOf = (body: Uint8Array) => Buffer.from(body.buffer, body.byteOffset, 5).toString('hex')

function headerOf(ask: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(ask.subarray(0, ASK_HEADER_BYTES))
  header[5] = OBJECT_STATUS
  return header
}

/** The coordinator's refusal, for another of those who asked. */
function failureFor(ask: Uint8Array, answer: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(answer)
  body.set(ask.subarray(0, 5))
  return body
}

/** What this machine has in shared memory is read from there, by each worker once. */
function inMemory(id: string): Uint8Array | undefined {
  if (!isSharedName(id)) return undefined
  try {
    const bytes = new Uint8Array(new SharedArrayBuffer(sharedBytes(id)))
    readSharedInto(id, bytes)
    return bytes
  } catch {
    return undefined
  }
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
  copy.set(bytes)
  return copy
}
