import { expect, test } from 'vitest'
import type { KubeObject } from '../../src/api/object.ts'
import type { Change, Commit } from '../../src/store/store.ts'
import { deletionCompletes } from './leftovers.ts'
import { revisionsRise } from './revisions.ts'

function change(type: Change['type'], resource: string, key: string, revision: number, metadata = {}): Change {
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: { name: key, uid: key, resourceVersion: String(revision), ...metadata },
  }
  return { type, entry: { resource, key, object, created: revision, modified: revision } }
}

const commit = (revision: number, ...changes: Change[]): Commit => ({ revision, changes })

test('revisions rise: finds a revision that is used again, or left out', () => {
  const { commit: see } = revisionsRise()
  see!(commit(5, change('create', 'pods', 'a', 5)))
  expect(() => see!(commit(5))).toThrow('revision 5 follows 5, expected the next')
  expect(() => see!(commit(7))).toThrow('revision 7 follows 5, expected the next')
})

test('revisions rise: finds an object that carries the version of another commit, or a new uid', () => {
  const { commit: see } = revisionsRise()
  see!(commit(5, change('create', 'pods', 'a', 5)))
  expect(() => see!(commit(6, change('update', 'pods', 'a', 5)))).toThrow('pods a has version 5, expected 6')
  expect(() => see!(commit(7, change('update', 'pods', 'a', 7, { uid: 'b' })))).toThrow('changed its uid from a to b')
  expect(() => see!(commit(8, change('create', 'pods', 'a', 8)))).toThrow('create of pods a, which was there: true')
})

test('deletion completes: finds an object that goes although a finalizer holds it', () => {
  const { commit: see } = deletionCompletes()
  const held = change('delete', 'pods', 'a', 1, { finalizers: ['x'] })
  expect(() => see!(commit(1, held))).toThrow('pods a went although x had not let it go')
})

test('deletion completes: finds what is created in a namespace that is going, or goes with something in it', () => {
  const { commit: see } = deletionCompletes()
  const inside = (revision: number, key: string) => change('create', 'pods', key, revision, { namespace: 'n' })
  expect(() => see!(commit(1, inside(1, 'n/a')))).toThrow('in namespace n, which does not exist')
  see!(commit(2, change('create', 'namespaces', 'n', 2)))
  see!(commit(3, inside(3, 'n/b')))
  see!(commit(4, change('update', 'namespaces', 'n', 4, { deletionTimestamp: '2026-01-01T00:00:00Z' })))
  expect(() => see!(commit(5, inside(5, 'n/c')))).toThrow('which is being deleted since 2026-01-01T00:00:00Z')
  expect(() => see!(commit(6, change('delete', 'namespaces', 'n', 6)))).toThrow('namespace n went although it has')
})
