import type { KubeObject } from '../api/object.ts'
import { apiVersionOf } from '../api/resource-type.ts'
import type { Change, Entry } from '../store/store.ts'

/** What a watcher is told. The entries are those of the store, the same for all watchers: encode each only once. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly entry: Entry }
  /** All up to `revision` has been sent. `initialEventsEnd` marks the one that follows the objects that existed. */
  | { readonly type: 'BOOKMARK'; readonly revision: number; readonly initialEventsEnd?: true }

/** Whether a watcher's selectors let an object through. */
export type Matches = (object: KubeObject) => boolean

/** The annotation by which Kubernetes marks the bookmark after the initial events of `sendInitialEvents`. */
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'

/** The object that a bookmark carries over the wire: of the kind watched, with nothing but its version. */
export function bookmarkObject(
  type: { readonly group: string; readonly version: string; readonly kind: string },
  event: Extract<WatchEvent, { readonly type: 'BOOKMARK' }>,
): KubeObject {
  const annotations = event.initialEventsEnd ? { annotations: { [INITIAL_EVENTS_END]: 'true' } } : {}
  const metadata = { resourceVersion: String(event.revision), ...annotations }
  return { apiVersion: apiVersionOf(type), kind: type.kind, metadata }
}

/** What someone who watches all of the resource is told of `change`. */
export function plainEvent(change: Change): WatchEvent {
  const type = change.type === 'create' ? 'ADDED' : change.type === 'update' ? 'MODIFIED' : 'DELETED'
  return { type, entry: change.entry }
}

/**
 * What someone with selectors is told: an object that begins to match was ADDED, one that no longer does was DELETED, in
 * the last state that matched and at the new version; undefined where it matched neither before nor after.
 */
export function selectedEvent(change: Change, plain: WatchEvent, matches: Matches): WatchEvent | undefined {
  const before = change.previous !== undefined && matches(change.previous.object)
  const after = change.type !== 'delete' && matches(change.entry.object)
  if (before && after) return plain
  if (after) return change.type === 'create' ? plain : { type: 'ADDED', entry: change.entry }
  if (before) return change.type === 'delete' ? plain : { type: 'DELETED', entry: departed(change) }
  return undefined
}

const departedEntries = new WeakMap<Change, Entry>()

/** One entry for all whose selectors the object left, made when the first of them asks. */
function departed(change: Change): Entry {
  let entry = departedEntries.get(change)
  if (entry === undefined) {
    const previous = change.previous!
    const revision = change.entry.modified
    const metadata = Object.freeze({ ...previous.object.metadata, resourceVersion: String(revision) })
    entry = Object.freeze({ ...previous, object: Object.freeze({ ...previous.object, metadata }), modified: revision })
    departedEntries.set(change, entry)
  }
  return entry
}
