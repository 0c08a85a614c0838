import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import type { ResourceAttributes } from '../verbs/authorizer.ts'
import { createRbacAuthorizer } from './rbac.ts'

const ann = { name: 'ann', groups: ['dev', 'system:authenticated'] }
const listPods: ResourceAttributes = {
  user: ann,
  verb: 'list',
  group: '',
  version: 'v1',
  resource: 'pods',
  namespace: 'x',
}

async function withRoles(...objects: readonly (readonly [resource: string, object: object])[]) {
  const store = createMemoryStore(systemEnvironment())
  const put = async (resource: string, object: object) => {
    const { metadata } = object as KubeObject
    const key = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
    const stored = { type: 'create', resource: `${resource}.rbac.authorization.k8s.io`, key: key ?? '' } as const
    await store.commit([{ ...stored, object: object as KubeObject }])
  }
  for (const [resource, object] of objects) await put(resource, object)
  return { store, put, rbac: createRbacAuthorizer(store) }
}

const role = (kind: string, name: string, rule: object, namespace?: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  rules: [rule],
})

const binding = (
  kind: string,
  name: string,
  roleKind: string,
  roleName: string,
  subject: object,
  namespace?: string,
) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: roleKind, name: roleName },
  subjects: [subject],
})

const READ_PODS = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }

test('a role binding allows in its namespace alone, and says by what', async () => {
  const { rbac } = await withRoles(
    ['roles', role('Role', 'r', READ_PODS, 'x')],
    ['rolebindings', binding('RoleBinding', 'rb', 'Role', 'r', { kind: 'User', name: 'ann' }, 'x')],
  )
  const reason = 'RBAC: allowed by RoleBinding "rb/x" of Role "r" to User "ann"'
  expect(rbac.authorize(listPods)).toEqual({ allowed: true, reason })
  expect(rbac.authorize({ ...listPods, namespace: 'y' }).allowed).toBe(false)
  expect(rbac.authorize({ ...listPods, verb: 'delete' }).allowed).toBe(false)
  expect(rbac.authorize({ ...listPods, subresource: 'log' }).allowed).toBe(false)
})

test('a cluster role binding allows everywhere, through a group too, from the moment that it exists', async () => {
  const { rbac, put } = await withRoles(['clusterroles', role('ClusterRole', 'reader', READ_PODS)])
  expect(rbac.authorize(listPods).allowed).toBe(false)
  const group = { kind: 'Group', name: 'dev', apiGroup: 'rbac.authorization.k8s.io' }
  await put('clusterrolebindings', binding('ClusterRoleBinding', 'b', 'ClusterRole', 'reader', group))
  expect(rbac.authorize(listPods).allowed).toBe(true)
  expect(rbac.authorize({ ...listPods, user: { name: 'bob', groups: [] } }).allowed).toBe(false)
})

test('a role binding to a cluster role grants it in the namespace to a service account', async () => {
  const account = { kind: 'ServiceAccount', name: 'sa', namespace: 'y' }
  const { rbac } = await withRoles(
    ['clusterroles', role('ClusterRole', 'reader', READ_PODS)],
    ['rolebindings', binding('RoleBinding', 'b', 'ClusterRole', 'reader', account, 'x')],
  )
  const user = { name: 'system:serviceaccount:y:sa', groups: [] }
  const reason = 'RBAC: allowed by RoleBinding "b/x" of ClusterRole "reader" to ServiceAccount "sa/y"'
  expect(rbac.authorize({ ...listPods, user })).toEqual({ allowed: true, reason })
})

test('resource names, wildcards and subresources limit and widen rules', async () => {
  const rule = { apiGroups: ['*'], resources: ['configmaps', '*/status'], resourceNames: ['a'], verbs: ['*'] }
  const { rbac } = await withRoles(
    ['clusterroles', role('ClusterRole', 'c', rule)],
    ['clusterrolebindings', binding('ClusterRoleBinding', 'b', 'ClusterRole', 'c', { kind: 'User', name: 'ann' })],
  )
  const get = { ...listPods, resource: 'configmaps', verb: 'get' }
  expect(rbac.authorize({ ...get, name: 'a' }).allowed).toBe(true)
  expect(rbac.authorize({ ...get, name: 'b' }).allowed).toBe(false)
  expect(rbac.authorize({ ...get, resource: 'pods', subresource: 'status', name: 'a' }).allowed).toBe(true)
  expect(rbac.authorize({ ...get, resource: 'pods', name: 'a' }).allowed).toBe(false)
})

test('paths are allowed exactly or by prefix, and superusers may do everything', async () => {
  const rule = { nonResourceURLs: ['/healthz', '/metrics/*'], verbs: ['get'] }
  const { rbac } = await withRoles(
    ['clusterroles', role('ClusterRole', 'c', rule)],
    ['clusterrolebindings', binding('ClusterRoleBinding', 'b', 'ClusterRole', 'c', { kind: 'User', name: 'ann' })],
  )
  const at = (path: string) => rbac.authorize({ user: ann, verb: 'get', path }).allowed
  expect([at('/healthz'), at('/healthz/x'), at('/metrics/x'), at('/metrics')]).toEqual([true, false, true, false])
  const root = { name: 'root', groups: ['system:masters'] }
  expect(rbac.authorize({ ...listPods, verb: 'anything', user: root })).toEqual({ allowed: true })
})
