import { apiError } from '../../src/api/meta/status.ts'
import type { KubeObject } from '../../src/api/object.ts'
import type { ResourceType } from '../../src/api/resource-type.ts'
import { groupResourceOf } from '../../src/api/resource-type.ts'
import type { Client, Watch, WatchEvent, WatchHandler, WatchOptions } from '../../src/client/client.ts'
import { connectionLost } from './connection.ts'
import type { Connection } from './connection.ts'
import { createRoad } from './road.ts'

/** Most events that come again when some do. */
const MOST_REPEATED = 4

/** A batch of events, or the end of the watch. */
type News<T extends KubeObject> =
  { readonly events: readonly WatchEvent<T>[] } | { readonly end: true; readonly error: Error | undefined }

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
  let recent: readonly WatchEvent<T>[] = []
  let watch: Watch | undefined
  let closed = false

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
  const road = createRoad<News<T>>(env, (news) => {
    if (closed || connection.state() !== 'open') return
    const events = news.flatMap((each) => ('events' in each ? each.events : []))
    const ending = news.find((each) => 'end' in each)
    if (events.length > 0) handler.events(events)
    if (ending !== undefined) end(ending.error)
  })
  const receive = (events: readonly WatchEvent<T>[]) => {
    const { latencyMs, lateEvents, cutWatch, repeated } = levels()
    const delayMs = random.next() * latencyMs + (random.chance(lateEvents) ? random.next() * 3_000 : 0)
    const again = random.chance(repeated) ? recent.slice(-random.between(1, MOST_REPEATED)) : []
    recent = [...recent, ...events].filter(({ type: kind }) => kind !== 'BOOKMARK').slice(-MOST_REPEATED)
    if (!random.chance(cutWatch)) return road.send({ events: [...again, ...events] }, delayMs)
    // Part of the batch may still come through; the rest has to be asked for again.
    watch?.close()
    road.send({ events: events.slice(0, random.between(0, events.length)) }, delayMs)
    road.send({ end: true, error: connectionLost() }, 0)
  }
  const begin = () => {
    if (closed || connection.state() !== 'open') return
    if (isResumed(options) && random.chance(levels().expired)) {
      return road.send({ end: true, error: apiError('Expired', 'too old resource version') }, 1)
    }
    watch = inner.watch(type, options, { events: receive, closed: (error) => road.send({ end: true, error }, 1) })
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
