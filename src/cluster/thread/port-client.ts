// Objects come over with bigints in them, which this thread has to be able to write too.
import '../../api/meta/big-integers.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Client, LogOptions, Watch, WatchHandler } from '../../client/client.ts'
import { uncarry } from './carried-error.ts'
import type { CallVerb, FromCluster, ToCluster } from './messages.ts'

/** The Client port over messages to the cluster's thread. */
export interface PortClient {
  readonly client: Client
  /** Asks something that is not a verb of the API. */
  ask<T>(message: (id: number) => ToCluster): Promise<T>
  /** Takes a message of the cluster's thread. */
  receive(message: FromCluster): void
  /** Whatever waits is rejected with `error`: the thread has ended. */
  fail(error: Error): void
}

interface Waiting {
  answer?(value: unknown): void
  failure?(error: Error): void
  events?(events: Parameters<WatchHandler['events']>[0]): void
  chunk?(bytes: Uint8Array): void
  end?(error: Error | undefined): void
}

export function createPortClient(send: (message: ToCluster) => void): PortClient {
  const waiting = new Map<number, Waiting>()
  let nextId = 1
  let ended: Error | undefined

  const open = (message: (id: number) => ToCluster, handlers: Waiting): number => {
    const id = nextId++
    if (ended !== undefined) {
      const error = ended
      queueMicrotask(() => (handlers.failure ?? handlers.end)?.(error))
      return id
    }
    waiting.set(id, handlers)
    send(message(id))
    return id
  }
  const stop = (id: number) => {
    if (waiting.delete(id)) send({ do: 'stop', id })
  }
  const ask = <T>(message: (id: number) => ToCluster, signal?: AbortSignal): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error)
      const id = open(message, { answer: (value) => resolve(value as T), failure: reject })
      signal?.addEventListener('abort', () => (stop(id), reject(signal.reason as Error)), { once: true })
    })
  return {
    client: clientOn(ask, open, stop),
    ask,
    receive(message) {
      if (!('id' in message)) return
      const handlers = waiting.get(message.id)
      if (message.is !== 'events' && message.is !== 'chunk') waiting.delete(message.id)
      if (message.is === 'answer') handlers?.answer?.(message.value)
      if (message.is === 'failure') (handlers?.failure ?? handlers?.end)?.(uncarry(message.error))
      if (message.is === 'events') handlers?.events?.(message.events)
      if (message.is === 'chunk') handlers?.chunk?.(message.bytes)
      if (message.is === 'end') handlers?.end?.(message.error === undefined ? undefined : uncarry(message.error))
    },
    fail(error) {
      ended ??= error
      for (const handlers of waiting.values()) (handlers.failure ?? handlers.end)?.(error)
      waiting.clear()
    },
  }
}

type Ask = <T>(message: (id: number) => ToCluster, signal?: AbortSignal) => Promise<T>
type Open = (message: (id: number) => ToCluster, handlers: Waiting) => number

function clientOn(ask: Ask, open: Open, stop: (id: number) => void): Client {
  /** Options come last; a signal stays on this side, since it cannot cross. */
  const call = <T>(verb: CallVerb, args: readonly unknown[], options: { signal?: AbortSignal } = {}): Promise<T> => {
    const { signal, ...rest } = options
    return ask((id) => ({ do: 'call', id, verb, args: [...args, rest] }), signal)
  }
  return {
    get: (type, key, options) => call('get', [type, key], options),
    list: (type, options) => call('list', [type], options),
    create: (type, object, options) => call('create', [type, object], options),
    createSubresource: (type, key, subresource, body, options) =>
      call('createSubresource', [type, key, subresource, body], options),
    update: (type, object, options) => call('update', [type, object], options),
    patch: (type, key, patch, options) => call('patch', [type, key, patch], options),
    delete: (type, key, options) => call('delete', [type, key], options),
    deleteCollection: (type, options) => call('deleteCollection', [type], options),
    watch<T extends KubeObject>(...[type, options, handler]: Parameters<Client['watch']>): Watch {
      const id = open((at) => ({ do: 'watch', id: at, args: [type, options] }), {
        events: (events) => (handler as unknown as WatchHandler<T>).events(events as never),
        end: (error) => handler.closed(error),
      })
      return { close: () => stop(id) }
    },
    logs: (key, options) => logsOn(open, stop, [key], options),
  }
}

/** Chunks are kept until they are read; the log of a container is bounded by its rotation. */
async function* logsOn(open: Open, stop: (id: number) => void, args: readonly unknown[], options: LogOptions = {}) {
  const { signal, ...rest } = options
  const chunks: Uint8Array[] = []
  let done: { readonly error?: Error } | undefined
  let wake = () => {}
  const id = open((at) => ({ do: 'logs', id: at, args: [...args, rest] }), {
    chunk: (bytes) => (chunks.push(bytes), wake()),
    end: (error) => ((done = error === undefined ? {} : { error }), wake()),
  })
  const onAbort = () => ((done ??= {}), wake())
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) yield chunk
      if (done?.error !== undefined) throw done.error
      if (done !== undefined) return
      await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    stop(id)
  }
}
