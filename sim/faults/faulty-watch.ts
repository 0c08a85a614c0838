import { apiError } from '../../src/api/meta/status.ts'
import type { KubeObject } from '../../src/api/object.ts'
import type { ResourceType } from '../../src/api/resource-type.ts'
import { groupResourceOf } from '../../src/api/resource-type.ts'
import type { Client, Watch, WatchEvent, WatchHandler, WatchOptions } from '../../src/client/client.ts'
import { connectionLost } from './connection.ts'
import type { Connection } from './connection.ts'

/** Most events that come again when some do. */
const MOST_REPEATED = 4

/** News on its way to the watcher: a batch of events, or the end. Nothing overtakes what is before it. */
interface Arrival<T extends KubeObject> {
  readonly dueMs: number
  readonly events?: readonly WatchEvent<T>[]
  readonly end?: { readonly error: Error | undefined }
}

/**
 * A watch over a bad connection: events come late, in larger batches, or again; the connection breaks with what was on its
 * way, and its successor may find its version compacted. Events never change their order.
 */
export function faultyWatch<T extends KubeObject>(
  inner: Client,
  connection: Connection,
  type: ResourceType<T>,
  options: WatchOptions,
  handler: WatchHandler<T>,
): Watch {
  const { env, random, levels } = connection
  const under = () => env.clock.monotonicMs()
  const road: Arrival<T>[] = []
  let recent: readonly WatchEvent<T>[] = []
  let watch: Watch | undefined
  let closed = false
  let lastMs = 0

  const close = () => {
    closed = true
    stop()
    watch?.close()
  }
  const end = (error: Error | undefined) => {
    if (closed) return
    close()
    connection.trace.add(connection.name, 'watch ended', groupResourceOf(type), error?.message ?? 'by the server')
    handler.closed(error)
  }
  const arrive = () => {
    if (closed || connection.state() !== 'open') return
    const arrived: WatchEvent<T>[] = []
    while (road[0] !== undefined && road[0].dueMs <= under()) {
      const arrival = road.shift()!
      if (arrival.end !== undefined) {
        if (arrived.length > 0) handler.events(arrived)
        return end(arrival.end.error)
      }
      arrived.push(...(arrival.events ?? []))
    }
    if (arrived.length > 0) handler.events(arrived)
  }
  const put = (arrival: Omit<Arrival<T>, 'dueMs'>, delayMs: number) => {
    lastMs = Math.max(lastMs, under() + delayMs)
    road.push({ ...arrival, dueMs: lastMs })
    env.timers.after(lastMs - under(), arrive)
  }
  const receive = (events: readonly WatchEvent<T>[]) => {
    const { latencyMs, lateEvents, cutWatch, repeated } = levels()
    const delayMs = random.next() * latencyMs + (random.chance(lateEvents) ? random.next() * 3_000 : 0)
    const again = random.chance(repeated) ? recent.slice(-random.between(1, MOST_REPEATED)) : []
    recent = [...recent, ...events].filter(({ type: kind }) => kind !== 'BOOKMARK').slice(-MOST_REPEATED)
    if (!random.chance(cutWatch)) return put({ events: [...again, ...events] }, delayMs)
    // Part of the batch may still come through; the rest has to be asked for again.
    watch?.close()
    put({ events: events.slice(0, random.between(0, events.length)) }, delayMs)
    put({ end: { error: connectionLost() } }, 0)
  }
  const begin = () => {
    if (closed || connection.state() !== 'open') return
    if (isResumed(options) && random.chance(levels().expired)) {
      return put({ end: { error: apiError('Expired', 'too old resource version') } }, 1)
    }
    watch = inner.watch(type, options, { events: receive, closed: (error) => put({ end: { error } }, 1) })
  }
  const stop = connection.onState(() => {
    if (connection.state() !== 'cut') return watch?.close()
    watch?.close()
    env.timers.after(random.next() * 5_000, () => end(connectionLost()))
  })
  if (connection.state() === 'cut') env.timers.after(1_000, () => end(connectionLost()))
  else env.timers.after(random.next() * levels().latencyMs, begin)
  return { close }
}

const isResumed = ({ resourceVersion = '' }: WatchOptions) => resourceVersion !== '' && resourceVersion !== '0'
