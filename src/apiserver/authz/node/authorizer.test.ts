import { afterEach, expect, test } from 'vitest'
import type { KubeObject } from '../../../api/object.ts'
import { systemEnvironment } from '../../../env/system.ts'
import { createMemoryStore } from '../../../store/memory-store.ts'
import type { Attributes, ResourceAttributes } from '../../verbs/authorizer.ts'
import { createAuthorizers } from '../authorizers.ts'

// What else nodes may do, in Kubernetes' words, is in test/recordings/node-access.json, as a real API server answered.

const store = createMemoryStore(systemEnvironment())
const authorizer = createAuthorizers(store)

afterEach(async () => {
  const mutations = [...store.head().resources()].flatMap((resource) =>
    [...store.head().list(resource)].map(({ key }) => ({ type: 'delete', resource, key }) as const),
  )
  if (mutations.length > 0) await store.commit(mutations)
})

const create = (resource: string, key: string, object: object) =>
  store.commit([{ type: 'create', resource, key, object: object as KubeObject }])

function pod(name: string, nodeName: string | undefined, volumes: readonly object[], annotations: object = {}) {
  const metadata = { namespace: 'x', name, annotations }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName, containers: [], volumes } }
}

const node = (name: string) => ({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] })

function may(attributes: Partial<ResourceAttributes>, name = 'a'): boolean {
  const asked = { user: node(name), verb: 'get', group: '', version: 'v1', resource: 'secrets', namespace: 'x' }
  return authorizer.authorize({ ...asked, ...attributes } as Attributes).allowed
}

const secret = [{ name: 'v', secret: { secretName: 's' } }]

test('a node reads the secret of a pod from the moment the pod is bound to it until the pod is gone', async () => {
  await create('pods', 'x/p', pod('p', undefined, secret))
  expect(may({ name: 's' })).toBe(false)
  await store.commit([{ type: 'update', resource: 'pods', key: 'x/p', object: pod('p', 'a', secret) as KubeObject }])
  expect([may({ name: 's' }), may({ name: 's' }, 'b'), may({ name: 's', namespace: 'y' })]).toEqual([
    true,
    false,
    false,
  ])
  await create('pods', 'x/q', pod('q', 'a', secret))
  await store.commit([{ type: 'delete', resource: 'pods', key: 'x/p' }])
  expect(may({ name: 's' })).toBe(true)
  await store.commit([{ type: 'delete', resource: 'pods', key: 'x/q' }])
  expect(may({ name: 's' })).toBe(false)
})

test('a mirror pod, which a node makes by itself, gives it nothing', async () => {
  await create('pods', 'x/p', pod('p', 'a', secret, { 'kubernetes.io/config.mirror': 'hash' }))
  expect(may({ name: 's' })).toBe(false)
  expect(may({ resource: 'pods', name: 'p' })).toBe(true)
})

test('a node reads the volume that a claim of its pod is bound to, and the secrets that mounting it takes', async () => {
  await create('pods', 'x/p', pod('p', 'a', [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }]))
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c', namespace: 'x' } }
  await create('persistentvolumeclaims', 'x/c', { ...claim, spec: { volumeName: 'pv' } })
  const csi = {
    nodeStageSecretRef: { namespace: 'storage', name: 'stage' },
    controllerPublishSecretRef: { namespace: 'storage', name: 'controller' },
  }
  const volume = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv' } }
  await create('persistentvolumes', 'pv', { ...volume, spec: { claimRef: { namespace: 'x', name: 'c' }, csi } })
  const readsVolume = { resource: 'persistentvolumes', name: 'pv' }
  expect([may(readsVolume), may(readsVolume, 'b')]).toEqual([true, false])
  expect(may({ namespace: 'storage', name: 'stage' })).toBe(true)
  expect(may({ namespace: 'storage', name: 'controller' })).toBe(false)
  expect(may({ namespace: 'storage', name: 'stage' }, 'b')).toBe(false)
})

test('a name alone makes no node: the group must be there too, and roles go on to count', () => {
  const user = { name: 'system:node:a', groups: ['system:authenticated'] }
  const asked = { user, verb: 'get', group: '', version: 'v1', resource: 'nodes', name: 'a' }
  expect(authorizer.authorize(asked)).toEqual({ allowed: false })
  expect(authorizer.authorize({ ...asked, user: node('a') })).toEqual({ allowed: true })
  expect(authorizer.authorize({ ...asked, user: { ...user, groups: ['system:masters'] } })).toEqual({ allowed: true })
})
