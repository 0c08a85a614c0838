import type { Change, Entry } from '../../store/store.ts'
import { selectedEvent } from '../../watch/watch-event.ts'
import type { WatchEvent } from '../../watch/watch-event.ts'
import { fetchServed, toServed } from './conversion.ts'
import type { Engine } from './engine.ts'
import type { CollectionTarget } from './request.ts'
import type { Selection } from './selection.ts'

type ObjectEvent = Exclude<WatchEvent, { readonly type: 'BOOKMARK' }>

/**
 * Selects from the events of a watch by fields that a webhook has to convert first, with what each object was before: one that
 * begins to match was ADDED, one that no longer does was DELETED.
 */
export function selectConverted(
  engine: Engine,
  { resource }: CollectionTarget,
  selection: Selection,
): (events: readonly WatchEvent[]) => Promise<readonly WatchEvent[]> {
  const previousOf = ({ type, entry }: ObjectEvent): Entry | undefined => {
    if (type === 'DELETED') return entry
    // What there was when the watch began is no change.
    return type === 'ADDED' ? undefined : engine.store.at(entry.modified - 1)?.get(resource.storage, entry.key)
  }
  return async (events) => {
    const changes = events.map((event) => (event.type === 'BOOKMARK' ? undefined : changeOf(event, previousOf(event))))
    const objects = changes.flatMap((change) => {
      if (change === undefined) return []
      return change.previous === undefined ? [change.entry.object] : [change.previous.object, change.entry.object]
    })
    await fetchServed(engine, resource, [...new Set(objects)])
    const chosen = events.flatMap((event, i) => {
      const change = changes[i]
      if (change === undefined) return [event]
      return selectedEvent(change, event, (object) => selection.matches(toServed(resource, object))) ?? []
    })
    // One that departed is shown as it last matched, at the new version: another object, to be converted too.
    const departed = chosen.flatMap((event) => (event.type === 'BOOKMARK' ? [] : [event.entry.object]))
    await fetchServed(engine, resource, departed)
    return chosen
  }
}

function changeOf({ type, entry }: ObjectEvent, previous: Entry | undefined): Change {
  const kind = type === 'DELETED' ? 'delete' : previous === undefined ? 'create' : 'update'
  return { type: kind, entry, ...(previous !== undefined && { previous }) }
}
