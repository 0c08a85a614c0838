import type { Siblings } from './siblings.ts'
import type { Change, Commit, Entry, Mutation, Snapshot } from './store.ts'

/**
 * What `mutations` do to `head`, as one commit. Throws a TypeError where one of them does not fit. `siblings` are remembered
 * from call to call.
 */
export function stage(head: Snapshot, mutations: readonly Mutation[], revision: number, siblings: Siblings): Commit {
  if (mutations.length === 1) return { revision, changes: [stageOne(head.get, mutations[0]!, revision, siblings)] }
  const staged = new Map<string, Entry | undefined>()
  const get: Snapshot['get'] = (resource, key) => {
    const path = `${resource}/${key}`
    return staged.has(path) ? staged.get(path) : head.get(resource, key)
  }
  const changes = mutations.map((mutation) => {
    const change = stageOne(get, mutation, revision, siblings)
    staged.set(`${mutation.resource}/${mutation.key}`, change.type === 'delete' ? undefined : change.entry)
    return change
  })
  return { revision, changes }
}

function stageOne(get: Snapshot['get'], mutation: Mutation, revision: number, siblings: Siblings): Change {
  const { type, resource, key } = mutation
  const previous = get(resource, key)
  if ((previous === undefined) !== (type === 'create')) {
    const [current, wanted] = previous === undefined ? ['absent', 'present'] : ['present', 'absent']
    throw new TypeError(`Cannot ${type} "${resource}/${key}": it is ${current}, expected ${wanted}`)
  }
  const object = mutation.object ?? previous!.object
  const created = previous?.created ?? revision
  const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
  const shared = siblings.share(resource, stamped, previous?.object)
  const entry = Object.freeze({ resource, key, object: shared, created, modified: revision })
  return previous === undefined ? { type, entry } : { type, entry, previous }
}
