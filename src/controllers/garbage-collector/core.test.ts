import { expect, test } from 'vitest'
import { pods } from '../../api/generated/resources.ts'
import type { KubeObject } from '../../api/object.ts'
import { decideCollect } from './core.ts'
import type { OwnerState } from './core.ts'
import { createOwnerGraph, nodeOf } from './graph.ts'

type Meta = KubeObject['metadata']

function object(name: string, owners: readonly string[] = [], more: Partial<Meta> = {}): KubeObject {
  const ownerReferences = owners.map((uid) => {
    return { apiVersion: 'v1', kind: 'Pod', name: uid, uid, blockOwnerDeletion: true }
  })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: name, ownerReferences, ...more },
  }
}

const DELETED = { deletionTimestamp: '2026-01-01T00:00:00Z' }
const FOREGROUND = { ...DELETED, finalizers: ['foregroundDeletion'] }

function decide(subject: KubeObject, owners: Record<string, OwnerState>, dependents: readonly KubeObject[] = []) {
  const view = {
    node: nodeOf(pods, subject),
    dependents: dependents.map((dependent) => nodeOf(pods, dependent)),
    owners: new Map(Object.entries(owners)),
  }
  return decideCollect(view).changes
}

test('an object whose only owner is gone is deleted, its own dependents after it', () => {
  expect(decide(object('a', ['o']), { o: 'absent' })).toMatchObject([
    {
      verb: 'delete',
      key: { namespace: 'default', name: 'a' },
      uid: 'a',
      options: { propagationPolicy: 'Background' },
    },
  ])
})

test('an object with one owner left only forgets the others', () => {
  const changes = decide(object('a', ['o', 'p']), { o: 'absent', p: 'solid' })
  expect(changes).toMatchObject([
    { verb: 'patch', patch: { patch: { metadata: { ownerReferences: [{ uid: 'p' }] } } } },
  ])
  expect(decide(object('a', ['o']), { o: 'solid' })).toEqual([])
})

test('a dependent of an owner that waits is deleted in the foreground where it has dependents itself', () => {
  const changes = decide(object('a', ['o']), { o: 'waiting' }, [object('b', ['a'])])
  expect(changes).toMatchObject([{ verb: 'delete', options: { propagationPolicy: 'Foreground' } }])
})

test('an owner in foreground deletion goes when no blocking dependent is left', () => {
  const owner = object('o', [], FOREGROUND)
  expect(decide(owner, {}, [object('a', ['o'])])).toEqual([])
  expect(decide(owner, {})).toMatchObject([{ verb: 'patch', patch: { patch: { metadata: { finalizers: [] } } } }])
})

test('an owner that orphans has its dependents forget it before its finalizer goes', () => {
  const owner = object('o', [], { ...DELETED, finalizers: ['orphan'] })
  expect(decide(owner, {}, [object('a', ['o'])])).toMatchObject([
    { verb: 'together', changes: [{ key: { name: 'a' }, patch: { patch: { metadata: { ownerReferences: null } } } }] },
    { verb: 'patch', key: { name: 'o' }, patch: { patch: { metadata: { finalizers: [] } } } },
  ])
})

test('the graph names whom a change concerns: orphans of the unseen, dependents of the gone, owners that wait', () => {
  const graph = createOwnerGraph()
  expect(graph.put(pods, object('a', ['o']))).toEqual(['a'])
  expect(graph.put(pods, object('o'))).toEqual([])
  expect(graph.put(pods, object('a', ['o']))).toEqual([])
  expect(graph.put(pods, object('o', [], FOREGROUND))).toEqual(['o', 'a'])
  expect(graph.remove('a')).toEqual(['o'])
  graph.put(pods, object('b', ['o']))
  expect(graph.remove('o')).toEqual(['b'])
  expect(graph.size).toBe(1)
})
