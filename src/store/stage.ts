import type { KubeObject } from '../api/object.ts'
import { freezeSharing } from './freeze.ts'
import type { Change, Commit, Entry, Mutation, Snapshot } from './store.ts'

/** What `mutations` do to `head`, as one commit. Throws a TypeError where one of them does not fit. */
export function stage(head: Snapshot, mutations: readonly Mutation[], revision: number): Commit {
  if (mutations.length === 1) return { revision, changes: [stageOne(head.get, mutations[0]!, revision)] }
  const staged = new Map<string, Entry | undefined>()
  const get: Snapshot['get'] = (resource, key) => {
    const path = `${resource}/${key}`
    return staged.has(path) ? staged.get(path) : head.get(resource, key)
  }
  const changes = mutations.map((mutation) => {
    const change = stageOne(get, mutation, revision)
    staged.set(`${mutation.resource}/${mutation.key}`, change.type === 'delete' ? undefined : change.entry)
    return change
  })
  return { revision, changes }
}

function stageOne(get: Snapshot['get'], mutation: Mutation, revision: number): Change {
  const { type, resource, key } = mutation
  const previous = get(resource, key)
  if ((previous === undefined) !== (type === 'create')) {
    const [current, wanted] = previous === undefined ? ['absent', 'present'] : ['present', 'absent']
    throw new TypeError(`Cannot ${type} "${resource}/${key}": it is ${current}, expected ${wanted}`)
  }
  const object = mutation.object ?? previous!.object
  const created = previous?.created ?? revision
  const entry = Object.freeze({ resource, key, object: stamp(object, revision, previous), created, modified: revision })
  return previous === undefined ? { type, entry } : { type, entry, previous }
}

function stamp(object: KubeObject, revision: number, previous: Entry | undefined): KubeObject {
  const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
  return freezeSharing(stamped, previous?.object)
}
