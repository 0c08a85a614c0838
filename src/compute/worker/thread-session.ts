import { reviveError } from '../wire/error-record.ts'
import type { ErrorRecord } from '../wire/error-record.ts'
import { beginCall, endCall } from '../wire/calls.ts'
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../wire/frame.ts'
import { ASK, ASK_HEADER_BYTES, FRAME } from '../wire/messages.ts'
import { Packer, readU32, Unpacker } from '../wire/pack.ts'
import { ObjectRef, setObjectSource } from '../wire/object-ref.ts'
import { decodeShared } from '../wire/shared-value.ts'
import { currentCall, wantContexts } from './call-context.ts'
import type { CallContext } from './call-context.ts'
import { OBJECT_STATUS } from './object-cache.ts'

/** What user code on a thread may do with the session that it runs in. */
export interface ThreadSession {
  /** Takes in an answer of the coordinator. */
  answer(body: Uint8Array): void
  /** Takes in the bytes of the object that the last answer spoke of: memory that other threads share. */
  object(bytes: Uint8Array): void
  /** What stands on this thread for something of the session that a function captured. */
  readonly valueOf: (name: string, id: string) => unknown
}

interface Asked {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly context: CallContext | undefined
}

export interface ThreadSessionOptions {
  readonly thread: number
  send(frame: Uint8Array<ArrayBuffer>): void
}

/** How things of the session are captured and named on workers. */
export const HOST = {
  session: 'session',
  task: 'task',
  actor: 'actor',
  object: 'object',
  context: 'taskContext',
} as const

export function createThreadSession({ thread, send }: ThreadSessionOptions): ThreadSession {
  const asked = new Map<number, Asked>()
  const values = new Map<string, unknown>()
  let last = 0
  /** Asks with what `write` adds to the header. */
  const ask = (kind: number, write: (packer: Packer) => void): { number: number; answer: Promise<unknown> } => {
    const packer = new Packer(512)
    packer.begin()
    const number = ++last
    packer.ensure(FRAME_HEADER_BYTES)
    packer.at += FRAME_HEADER_BYTES
    packer.u32(number)
    packer.u8(thread)
    packer.u8(kind)
    write(packer)
    writeFrameHeader(packer.bytes.subarray(packer.start), FRAME.ask, packer.at - packer.start - FRAME_HEADER_BYTES)
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const context = currentCall()
    asked.set(number, { resolve, reject, context })
    if (context !== undefined && context.open++ === 0) queueMicrotask(() => context.attempt.waits(context.open > 0))
    send(new Uint8Array(packer.bytes.subarray(packer.start, packer.at)))
    return { number, answer: promise }
  }
  const submit = (task: unknown, ...args: readonly unknown[]) => {
    const id = taskIds.get(task as object)
    if (id === undefined) throw new TypeError(NOT_A_TASK)
    const context = currentCall()
    const given = args.some(isFuture) ? Promise.all(args) : undefined
    const send = (values: readonly unknown[]) =>
      ask(ASK.submit, (packer) => {
        packer.value(id)
        packer.u32(context?.attempt.task ?? 0)
        packer.u32(context?.piece ?? 0)
        packCall(packer, values)
      })
    return new ThreadFuture(given === undefined ? send(args) : given.then(send), (number) => {
      ask(ASK.cancel, (packer) => packer.u32(number)).answer.catch(() => {})
    })
  }
  const actorOf = (id: string) => {
    const key = `${HOST.actor} ${id}`
    const known = values.get(key) ?? actorHandle((args) => ask(ASK.call, (packer) => writeCall(packer, id, args)))
    values.set(key, known)
    return known
  }
  const findActor = async (name: string) => {
    const id = await ask(ASK.find, (packer) => packer.value(name)).answer
    return id === undefined ? undefined : actorOf(id as string)
  }
  const session = Object.freeze({ submit, findActor, get: (ref: ObjectRef<unknown>) => ref.get() })
  const objects = new Map<string, Promise<unknown>>()
  let awaited: Asked | undefined
  setObjectSource((id) => {
    let found = objects.get(id)
    if (found === undefined) objects.set(id, (found = ask(ASK.object, (packer) => packer.value(id)).answer))
    found.catch(() => objects.delete(id))
    return found
  })
  const settleAsk = (number: number): Asked | undefined => {
    const found = asked.get(number)
    asked.delete(number)
    if (found?.context !== undefined && --found.context.open === 0) found.context.attempt.waits(false)
    return found
  }
  return {
    answer(body) {
      const found = settleAsk(readU32(body, 0))
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
    valueOf(name, id) {
      if (name === HOST.object) return new ObjectRef(id)
      wantContexts()
      if (name === HOST.session) return session
      if (name === HOST.context) return taskContext
      if (name === HOST.actor) return actorOf(id)
      const key = `${name} ${id}`
      const known = values.get(key) ?? taskHandle(id)
      values.set(key, known)
      return known
    },
  }
}

const NOT_A_TASK =
  'Cannot submit a function on a worker: it is not a task, expected one made with task() at the level of a module'

/** The call's own record, without beginning another one in the packer. */
function packCall(packer: Packer, values: readonly unknown[]): void {
  const inner = new Packer(256)
  beginCall(inner, values.length)
  for (const value of values) inner.value(value)
  endCall(inner)
  packer.raw(inner.bytes.subarray(inner.start, inner.at))
}

function writeCall(packer: Packer, id: string, args: readonly unknown[]): void {
  packer.value(id)
  packCall(packer, args)
}

/** An actor as a thread knows it: methods that ask for its calls. */
function actorHandle(call: (args: readonly unknown[]) => Sent): object {
  return new Proxy(Object.freeze(Object.create(null) as object), {
    get(_, name) {
      if (typeof name === 'symbol' || name === 'then' || name === 'toJSON') return undefined
      return (...args: readonly unknown[]) => {
        const sent = args.some(isFuture)
          ? Promise.all(args).then((values) => call([name, ...values]))
          : call([name, ...args])
        return new ThreadFuture(sent, () => {})
      }
    },
  })
}

const taskIds = new WeakMap<object, string>()

function taskHandle(id: string): object {
  const handle = Object.freeze({ id })
  taskIds.set(handle, id)
  return handle
}

/** What runs now: its signal is aborted when it is told to stop. */
function taskContext(): { readonly signal: AbortSignal } {
  const context = currentCall()
  if (context === undefined) throw new Error('Cannot give the context of a task: none runs here')
  return { signal: context.attempt.signal(context.piece) }
}

class UnknownTaskError extends Error {
  override readonly name: string
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

const unknownError = ({ className, message }: ErrorRecord) => new UnknownTaskError(className, message)

interface Sent {
  readonly number: number
  readonly answer: Promise<unknown>
}

/** A future on a worker's thread. */
class ThreadFuture implements PromiseLike<unknown> {
  readonly #sent: Promise<Sent>
  readonly #answer: Promise<unknown>
  readonly #cancel: (number: number) => void

  constructor(sent: Sent | Promise<Sent>, cancel: (number: number) => void) {
    this.#sent = Promise.resolve(sent)
    this.#answer = this.#sent.then(({ answer }) => answer)
    this.#answer.catch(() => {})
    this.#cancel = cancel
  }

  then<R = unknown, E = never>(
    onDone?: ((value: unknown) => R | PromiseLike<R>) | null,
    onFailed?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this.#answer.then(onDone, onFailed)
  }

  catch<R>(onFailed: (error: unknown) => R | PromiseLike<R>): Promise<unknown> {
    return this.#answer.catch(onFailed)
  }

  finally(onSettled: () => void): Promise<unknown> {
    return this.#answer.finally(onSettled)
  }

  cancel(): void {
    void this.#sent.then(({ number }) => this.#cancel(number))
  }
}

const isFuture = (value: unknown): boolean => value instanceof ThreadFuture
