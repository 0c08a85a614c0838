import type { Draft } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import { backupOf, readBackup, restoring } from '../../store/backup.ts'
import type { Change } from '../../store/store.ts'
import type { Engine } from '../verbs/engine.ts'
import { commit } from '../verbs/engine.ts'

/** Saves all objects of a running server, and brings them back. */
export interface Backups {
  /** All objects as they are now, in pieces. */
  save(): Iterable<Buffer>
  /** Makes the objects what a backup holds, as one commit. Rejects with a StoreError where it cannot be read. */
  restore(chunks: AsyncIterable<Uint8Array>): Promise<Restored>
}

/** What a restoration changed. */
export interface Restored {
  /** The revision at which the backup was taken. */
  readonly taken: number
  /** The revision at which the objects are what they were. */
  readonly revision: number
  readonly created: number
  readonly updated: number
  readonly deleted: number
}

/** What the server and its nodes say of themselves stays: it is true of now. */
const OWN = new Set([
  'endpoints/default/kubernetes',
  'endpointslices.discovery.k8s.io/default/kubernetes',
  'configmaps/kube-system/extension-apiserver-authentication',
])

const isOwn = (resource: string, key: string): boolean =>
  resource === 'leases.coordination.k8s.io' || OWN.has(`${resource}/${key}`)

export function createBackups(engine: Engine): Backups {
  return {
    save: () => backupOf(engine.store.durable()),
    async restore(chunks) {
      const backup = await readBackup(chunks)
      const mutations = restoring(engine.store.head(), backup, isOwn)
      const { revision, changes } =
        mutations.length === 0
          ? { revision: engine.store.durable().revision, changes: [] }
          : await commit(engine, mutations)
      for (const change of changes) allocate(engine, change)
      for (const change of changes) await engine.afterWrite.get(change.entry.resource)?.(change)
      const count = (type: Change['type']) => changes.filter((change) => change.type === type).length
      const counts = { created: count('create'), updated: count('update'), deleted: count('delete') }
      return { taken: backup.revision, revision, ...counts }
    },
  }
}

/** Addresses and ports of Services: what was in the backup had them, so nobody else can. */
function allocate(engine: Engine, { type, entry, previous }: Change): void {
  const resource = entry.resource === 'services' ? engine.catalog.find('', 'v1', 'services') : undefined
  if (resource === undefined) return
  if (type === 'delete') return engine.allocations.release(resource, entry.object)
  const copy = structuredClone(entry.object) as Draft<KubeObject>
  engine.allocations.reserve(resource, copy, previous?.object)?.done()
}
