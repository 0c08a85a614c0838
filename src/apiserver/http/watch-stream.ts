import type { Timers } from '../../env/clock.ts'
import { ApiError } from '../../api/meta/status.ts'
import type { Status } from '../../api/generated/meta-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { WatchEvent, WatchHandler, WatchOptions } from '../../client/client.ts'
import { requestedUpgrade } from '../../streams/upgrade.ts'
import { jsonOf } from '../../store/encoding.ts'
import type { Counter } from '../metrics/families.ts'
import type { CollectionTarget } from '../verbs/request.ts'
import type { Verbs } from '../verbs/verbs.ts'
import { baseHeaders, internalError } from './answer.ts'
import type { Exchange } from './exchange.ts'

/** A watcher with more than this not yet taken from it is closed: it reads slower than things change, and starts anew. */
export const SLOW_WATCHER_BYTES = 16 * 1024 * 1024

/** Where a client names no time, a watch ends after half an hour to an hour, spread so that not all come back at once. */
const DEFAULT_TIMEOUT_SECONDS = 1800

const encoder = new TextEncoder()
const CLOSING = encoder.encode('}\n')
const OPENINGS = new Map(
  ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'].map((type) => [
    type,
    encoder.encode(`{"type":"${type}","object":`),
  ]),
)

/** What an event's object is sent as: its own JSON, or a view of it such as a Table's row. */
export type EventView = (object: KubeObject, type: WatchEvent['type']) => Uint8Array

export interface WatchRequest {
  readonly target: CollectionTarget & { readonly name?: string }
  readonly options: WatchOptions & { readonly timeoutSeconds?: number }
  readonly view?: EventView
  /** Counts what is sent. */
  readonly sent: Counter
}

/**
 * Streams a watch as lines of JSON until its time is over, the client or the server closes it, or it is too slow. An end
 * for a reason that the client must know (its version was compacted) is told by an ERROR event.
 */
export async function streamWatch(
  exchange: Exchange,
  verbs: Verbs,
  timers: Timers,
  watch: WatchRequest,
): Promise<void> {
  const { request, response, upgrade } = exchange
  const { timeoutSeconds, ...options } = watch.options
  const { view } = watch
  if (upgrade !== undefined && requestedUpgrade(request) === 'websocket') {
    const { sendWatchOverSocket } = await import('../connect/watch-socket.ts')
    return await sendWatchOverSocket(upgrade, {
      timers,
      afterMs: durationMs(timeoutSeconds),
      unsentBytes: SLOW_WATCHER_BYTES,
      start: (handler) => verbs.watch(exchange.context, watch.target, options, handler),
      encode(events) {
        watch.sent.add(events.length)
        return events.map((event) => encodeEvents([event], view ?? jsonOf))
      },
      encodeFailure,
    })
  }
  const end = () => void response.end()
  // What is there already may be sent before the watch is known to run; a watch that is refused has an answer of its own.
  const begin = () => {
    if (!response.headersSent) response.writeHead(200, baseHeaders(exchange, 'application/json'))
  }
  const handler = handlerFor(response, view, watch.sent, begin)
  const running = await verbs.watch(exchange.context, watch.target, options, handler)
  const timer = timers.after(durationMs(timeoutSeconds), end, { background: true })
  const stop = () => {
    timer.cancel()
    running.close()
  }
  if (response.destroyed) return stop()
  response.once('close', stop)
  begin()
  response.flushHeaders()
}

function durationMs(timeoutSeconds: number | undefined): number {
  if (timeoutSeconds !== undefined && timeoutSeconds > 0) return timeoutSeconds * 1000
  return DEFAULT_TIMEOUT_SECONDS * 1000
}

function handlerFor(
  response: Exchange['response'],
  view: EventView | undefined,
  sent: Counter,
  begin: () => void,
): WatchHandler {
  return {
    events(events) {
      if (response.destroyed || response.writableEnded) return
      if (response.writableLength > SLOW_WATCHER_BYTES) return void response.destroy()
      sent.add(events.length)
      begin()
      response.write(view === undefined ? sharedEncoding(events) : encodeEvents(events, view))
    },
    closed(error) {
      if (response.destroyed || response.writableEnded) return
      begin()
      if (error !== undefined) response.write(encodeFailure(error))
      response.end()
    },
  }
}

const encodings = new WeakMap<readonly WatchEvent[], Buffer>()

/** Watchers of the same kind are handed the same batch: it is encoded for the first of them. */
function sharedEncoding(events: readonly WatchEvent[]): Buffer {
  const known = encodings.get(events)
  if (known !== undefined) return known
  const bytes = encodeEvents(events, jsonOf)
  encodings.set(events, bytes)
  return bytes
}

/** One buffer for the whole batch: one record on the wire, one write. */
function encodeEvents(events: readonly WatchEvent[], view: EventView): Buffer {
  const parts: Uint8Array[] = []
  for (const { type, object } of events) {
    parts.push(OPENINGS.get(type) ?? encoder.encode(`{"type":"${type}","object":`), view(object, type), CLOSING)
  }
  return Buffer.concat(parts)
}

function encodeFailure(error: Error): Buffer {
  const status: Status = error instanceof ApiError ? error.status : internalError(error).status
  return Buffer.concat([OPENINGS.get('ERROR') ?? new Uint8Array(), encoder.encode(JSON.stringify(status)), CLOSING])
}
