import type { JsonObject } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import { writeZeros } from '../../api/schema/decode.ts'
import type { Watch, WatchEvent, WatchHandler, WatchOptions } from '../../client/client.ts'
import { bookmarkObject } from '../../watch/watch-event.ts'
import type { WatchEvent as StoredEvent } from '../../watch/watch-event.ts'
import type { WatchRequest, WatchStart } from '../../watch/watch-hub.ts'
import { authorize } from './authorization.ts'
import { convertsByWebhook, fetchServed, toServed } from './conversion.ts'
import type { Engine } from './engine.ts'
import { parseRevision } from './get.ts'
import type { CollectionTarget, RequestContext } from './request.ts'
import { selectConverted } from './select-converted.ts'
import { parseSelection, selectedFields } from './selection.ts'
import type { Selection } from './selection.ts'
import type { ServedResource } from './served-resource.ts'

/** Begins a watch; events come in later turns, in the version asked for. */
export async function watch(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget & { readonly name?: string },
  options: WatchOptions,
  handler: WatchHandler,
): Promise<Watch> {
  return startWatch(engine, context, target, options, handler)
}

/** The same in one turn, for callers in the process. Throws where the watch cannot begin. */
export function startWatch(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget & { readonly name?: string },
  options: WatchOptions,
  handler: WatchHandler,
): Watch {
  authorize(engine, context, 'watch', { ...selectedFields(target.resource, options), ...target })
  const { resource } = target
  const selection = parseSelection(resource, options)
  const served = (events: readonly StoredEvent[]) => servedEvents(resource, events)
  const closed = (error: Parameters<WatchHandler['closed']>[0]) => handler.closed(error)
  if (selection.isByContent && convertsByWebhook(resource)) {
    const select = selectConverted(engine, target, selection)
    // The hub sees objects as they are stored: it passes on all, and they are selected here.
    const request = requestOf(target, options, { ...selection, all: true })
    return engine.watches.watch(request, {
      events: (events) => select(events).then((chosen) => void (chosen.length > 0 && handler.events(served(chosen)))),
      closed,
    })
  }
  return engine.watches.watch(requestOf(target, options, selection), {
    events: convertsByWebhook(resource)
      ? (events) => convertedEvents(engine, resource, events).then(() => handler.events(served(events)))
      : (events) => handler.events(served(events)),
    closed,
  })
}

/** The last form that a batch was served in: watchers without selectors are all handed the same batch. */
const lastServed = new WeakMap<
  readonly StoredEvent[],
  { readonly resource: ServedResource; readonly events: readonly WatchEvent[] }
>()

/** The same array for the same batch in the same version, so that its encoding can be shared too. */
function servedEvents(resource: ServedResource, events: readonly StoredEvent[]): readonly WatchEvent[] {
  const known = lastServed.get(events)
  if (known?.resource === resource) return known.events
  const served = events.map((event) => servedEvent(resource, event))
  lastServed.set(events, { resource, events: served })
  return served
}

/** The hub holds back what follows until this resolves, and ends the watch where it rejects. */
async function convertedEvents(
  engine: Engine,
  resource: ServedResource,
  events: readonly StoredEvent[],
): Promise<void> {
  const objects = events.flatMap((event) => (event.type === 'BOOKMARK' ? [] : [event.entry.object]))
  await fetchServed(engine, resource, objects)
}

function requestOf(
  target: CollectionTarget & { readonly name?: string },
  options: WatchOptions,
  selection: Selection,
): WatchRequest {
  const { resource, namespace } = target
  const name = target.name ?? selection.name
  const key =
    name === undefined || (resource.type.namespaced && namespace === undefined)
      ? undefined
      : namespace === undefined
        ? name
        : `${namespace}/${name}`
  return {
    resource: resource.storage,
    ...(namespace !== undefined && { prefix: `${namespace}/` }),
    ...(key !== undefined && { key }),
    // Pods without a node are found by no name.
    ...(selection.node !== undefined && selection.node !== '' && { node: selection.node }),
    ...(!selection.all && { matches: (object: KubeObject) => selection.matches(object) }),
    start: startOf(options),
    bookmarks: options.allowWatchBookmarks === true,
  }
}

function startOf(options: WatchOptions): WatchStart {
  const revision = parseRevision(options.resourceVersion)
  if (options.sendInitialEvents === true) {
    return { type: 'initial', notOlderThan: revision, endBookmark: options.allowWatchBookmarks === true }
  }
  if (revision > 0) return { type: 'after', revision }
  if (options.sendInitialEvents === false) return { type: 'now' }
  // A watch from nowhere in particular counts as one that asked for what exists.
  return { type: 'initial', endBookmark: options.allowWatchBookmarks === true }
}

function servedEvent(resource: ServedResource, event: StoredEvent): WatchEvent {
  if (event.type === 'BOOKMARK') {
    const object = bookmarkObject(resource.type, event)
    // An object of which nothing else is said, as the wire shows it.
    if (resource.definition === undefined) writeZeros(resource.schema(), object as object as JsonObject)
    return { type: 'BOOKMARK', object }
  }
  return { type: event.type, object: toServed(resource, event.entry.object) }
}
