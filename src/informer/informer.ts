import type { KubeObject, ObjectKey } from '../api/object.ts'
import { keyString } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import { groupResourceOf } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { createBroadcast } from './broadcast.ts'
import type { Index } from './indexer.ts'
import { createIndexer } from './indexer.ts'
import { byNamespace, byOwnerUid, NAMESPACE_INDEX, OWNER_INDEX } from './indexes.ts'
import type { Listener } from './listener.ts'
import { startReflector } from './reflector.ts'
import { createReplica } from './replica.ts'
import type { InformerScope } from './scope.ts'

/**
 * A local copy of a resource's objects that keeps itself up to date: lists, then watches; resumes where it was when the
 * watch ends, and lists again where the server has forgotten that version. All objects are frozen.
 *
 * States: listing (at first, and after 410) -> watching -> waiting (back-off after a failure) -> watching or listing;
 * closed from each of them.
 */
export interface Informer<T extends KubeObject = KubeObject> extends AsyncDisposable {
  readonly type: ResourceType<T>
  /** How many objects there are. */
  readonly size: number
  /** Whether the first list is in the cache. */
  readonly hasSynced: boolean
  /** Resolves when the first list is in the cache; rejects when closed before. `whenSynced` adds a deadline. */
  readonly synced: Promise<void>
  /** The revision up to which the cache is known to be complete; empty before the first list. */
  readonly resourceVersion: string
  /** What the informer does now, for errors and status pages, such as `listing pods since the start: connection refused`. */
  readonly state: string
  get(key: ObjectKey): T | undefined
  /** By `namespace/name`, as work queues hold them. */
  getByKey(key: string): T | undefined
  /** The objects, of `namespace` only where one is given. */
  list(namespace?: string): readonly T[]
  /** The objects under `value` in a named index; `namespace` and `owner-uid` always exist. */
  by(index: string, value: string): readonly T[]
  /** Adding an index again under the same name does nothing. */
  addIndex(name: string, index: Index<T>): void
  /** Calls `listener` from now on, first with `added` for each object that is there. Returns a function that ends it. */
  listen(listener: Listener<T>): () => void
  close(): void
}

/** Starts an informer on `type`. It does not keep the process alive while it waits to try again. */
export function createInformer<T extends KubeObject>(
  env: Environment,
  client: Client,
  type: ResourceType<T>,
  scope: InformerScope = {},
): Informer<T> {
  const indexer = createIndexer<T>({ [NAMESPACE_INDEX]: byNamespace, [OWNER_INDEX]: byOwnerUid })
  const indexNames = new Set([NAMESPACE_INDEX, OWNER_INDEX])
  const broadcast = createBroadcast<T>(env.log.with({ informer: groupResourceOf(type) }))
  const replica = createReplica(indexer, broadcast)
  const reflector = startReflector(env, client, type, scope, replica)
  return {
    type,
    get size() {
      return indexer.size
    },
    get hasSynced() {
      return replica.hasSynced
    },
    synced: replica.synced,
    get resourceVersion() {
      return replica.resourceVersion
    },
    get state() {
      return reflector.state()
    },
    get: (key) => indexer.get(keyString(key)),
    getByKey: (key) => indexer.get(key),
    list: (namespace) => (namespace === undefined ? [...indexer.values()] : indexer.by(NAMESPACE_INDEX, namespace)),
    by: (index, value) => indexer.by(index, value),
    addIndex(name, index) {
      if (indexNames.has(name)) return
      indexNames.add(name)
      indexer.addIndex(name, index)
    },
    listen: (listener) => broadcast.listen(listener, indexer.values()),
    close: () => reflector.close(),
    [Symbol.asyncDispose]: async () => reflector.close(),
  }
}
