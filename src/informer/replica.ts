import type { KubeObject, ObjectList } from '../api/object.ts'
import type { WatchEvent } from '../client/client.ts'
import type { Broadcast } from './broadcast.ts'
import { deepFreeze } from './frozen.ts'
import type { Indexer } from './indexer.ts'
import { keyStringOf } from './indexer.ts'

/** The cache as the reflector writes it: whole lists and batches of changes, told to the listeners as differences. */
export interface Replica<T extends KubeObject> {
  readonly hasSynced: boolean
  readonly synced: Promise<void>
  readonly resourceVersion: string
  /** Makes the cache equal to `list`; what is in the cache but not in the list was deleted unseen. */
  replace(list: ObjectList<T>): void
  apply(events: readonly WatchEvent<T>[]): void
  /** Ends the wait for the first list, if it still goes on. */
  abandon(reason: Error): void
}

export function createReplica<T extends KubeObject>(indexer: Indexer<T>, broadcast: Broadcast<T>): Replica<T> {
  const { promise: synced, resolve, reject } = Promise.withResolvers<void>()
  synced.catch(() => {}) // Whoever waits sees the rejection; nobody need wait.
  let hasSynced = false
  let resourceVersion = ''

  const put = (object: T): void => {
    const previous = indexer.put(keyStringOf(object), deepFreeze(object))
    if (previous === undefined) return broadcast.added(object)
    if (previous.metadata.uid !== object.metadata.uid) {
      // Deleted and created anew between two looks: listeners must not take the one for the other.
      broadcast.deleted(previous)
      return broadcast.added(object)
    }
    if (previous.metadata.resourceVersion !== object.metadata.resourceVersion) broadcast.updated(object, previous)
  }
  const remove = (key: string, last?: T): void => {
    const previous = indexer.remove(key)
    if (previous !== undefined) broadcast.deleted(last ?? previous)
  }

  return {
    get hasSynced() {
      return hasSynced
    },
    synced,
    get resourceVersion() {
      return resourceVersion
    },
    replace(list) {
      const present = new Set(list.items.map(keyStringOf))
      const gone = [...indexer.values()].map(keyStringOf).filter((key) => !present.has(key))
      resourceVersion = list.metadata.resourceVersion ?? ''
      for (const key of gone) remove(key)
      for (const object of list.items) put(object)
      hasSynced = true
      resolve()
      broadcast.settled()
    },
    apply(events) {
      for (const event of events) {
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion
        if (event.type === 'DELETED') remove(keyStringOf(event.object), deepFreeze(event.object))
        else if (event.type !== 'BOOKMARK') put(event.object)
      }
      broadcast.settled()
    },
    abandon: (reason) => reject(reason),
  }
}
