import type { KubeObject } from '../../src/api/object.ts'
import type { Change } from '../../src/store/store.ts'
import { check } from './checker.ts'
import type { Checker } from './checker.ts'

/** A namespace as the commits so far show it. */
interface Namespace {
  readonly deletedAt: string | undefined
}

/**
 * Deletion runs its course: nothing goes while it has finalizers, nothing is created in a namespace that is going or gone,
 * a namespace goes empty; and in the end nothing is still being deleted, and no object has outlived all of its owners.
 */
export function deletionCompletes(): Checker {
  const namespaces = new Map<string, Namespace>()
  const contents = new Map<string, Set<string>>()
  const move = ({ type, entry }: Change, id: string, namespace: string) => {
    const inside = contents.get(namespace) ?? new Set<string>()
    contents.set(namespace, inside)
    if (type === 'delete') inside.delete(id)
    else inside.add(id)
    if (type === 'create') checkCreation(id, namespace, namespaces.get(namespace))
    if (entry.resource === 'namespaces') throw new Error('a namespace is in no namespace')
  }
  return {
    name: 'deletion completes',
    commit({ changes }) {
      for (const change of changes) {
        const { type, entry } = change
        const { namespace, finalizers = [], deletionTimestamp } = entry.object.metadata
        const id = `${entry.resource} ${entry.key}`
        // Another deletion may choose another policy, and takes the collector's own finalizers away with the old one.
        const held = finalizers.filter((one) => one !== 'orphan' && one !== 'foregroundDeletion')
        const isFree = type !== 'delete' || held.length === 0
        check(isFree, () => `${id} went although ${held.join(', ')} had not let it go`)
        if (namespace !== undefined) move(change, id, namespace)
        if (entry.resource !== 'namespaces') continue
        if (type !== 'delete') namespaces.set(entry.key, { deletedAt: deletionTimestamp })
        else checkGone(entry.key, namespaces, contents)
      }
    },
    end(last) {
      const objects = [...last.resources()].flatMap((resource) => [...last.list(resource)])
      const uids = new Set(objects.map(({ object }) => object.metadata.uid))
      for (const { resource, key, object } of objects) checkSettled(`${resource} ${key}`, object, uids)
    },
  }
}

function checkCreation(id: string, name: string, namespace: Namespace | undefined): void {
  check(namespace !== undefined, () => `${id} was created in namespace ${name}, which does not exist`)
  const since = namespace?.deletedAt
  check(since === undefined, () => `${id} was created in namespace ${name}, which is being deleted since ${since}`)
}

function checkGone(name: string, namespaces: Map<string, Namespace>, contents: Map<string, Set<string>>): void {
  const left = [...(contents.get(name) ?? [])]
  check(left.length === 0, () => `namespace ${name} went although it has ${left.join(', ')}`)
  namespaces.delete(name)
}

function checkSettled(id: string, object: KubeObject, uids: ReadonlySet<string | undefined>): void {
  const { deletionTimestamp, finalizers = [], ownerReferences = [] } = object.metadata
  const since = () => `since ${deletionTimestamp}, finalizers: ${finalizers.join(', ') || 'none'}`
  check(deletionTimestamp === undefined, () => `${id} is still being deleted ${since()}`)
  const isOwned = ownerReferences.length === 0 || ownerReferences.some(({ uid }) => uids.has(uid))
  check(isOwned, () => `${id} has outlived its owners ${ownerReferences.map(({ name }) => name).join(', ')}`)
}
