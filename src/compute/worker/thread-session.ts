import { beginCall, endCall } from '../wire/calls.ts'
import { ASK } from '../wire/messages.ts'
import { Packer } from '../wire/pack.ts'
import { ObjectRef, setObjectSource } from '../wire/object-ref.ts'
import { currentCall, wantContexts } from './call-context.ts'
import { createAsks } from './asks.ts'
import type { AskOptions, Sent } from './asks.ts'
import { isFuture, ThreadFuture } from './thread-future.ts'

/** What user code on a thread may do with the session that it runs in. */
export interface ThreadSession {
  /** Takes in an answer of the coordinator. */
  answer(body: Uint8Array): void
  /** Takes in the bytes of the object that the last answer spoke of: memory that other threads share. */
  object(bytes: Uint8Array): void
  /** What stands on this thread for something of the session that a function captured. */
  readonly valueOf: (name: string, id: string) => unknown
}

/** How things of the session are captured and named on workers. */
export const HOST = {
  session: 'session',
  task: 'task',
  actor: 'actor',
  object: 'object',
  context: 'taskContext',
} as const

export function createThreadSession(options: AskOptions): ThreadSession {
  const asks = createAsks(options)
  const { ask } = asks
  const values = new Map<string, unknown>()
  const submit = (task: unknown, ...args: readonly unknown[]) => {
    const id = taskIds.get(task as object)
    if (id === undefined) throw new TypeError(NOT_A_TASK)
    const given = args.some(isFuture) ? Promise.all(args) : undefined
    const send = (values: readonly unknown[]) =>
      ask(ASK.submit, (packer) => {
        packer.value(id)
        packCaller(packer)
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
  setObjectSource((id) => {
    let found = objects.get(id)
    if (found === undefined) objects.set(id, (found = ask(ASK.object, (packer) => packer.value(id)).answer))
    found.catch(() => objects.delete(id))
    return found
  })
  return {
    answer: asks.answer,
    object: asks.object,
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

/** Who asks. */
function packCaller(packer: Packer): void {
  const context = currentCall()
  packer.u32(context?.attempt.task ?? 0)
  packer.u32(context?.piece ?? 0)
}

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
  packCaller(packer)
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
