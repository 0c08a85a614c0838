import { expect, test } from 'vitest'
import { clusterRoleBindings, roleBindings, roles } from '../../api/generated/resources.ts'
import type { Role, RoleBinding } from '../../api/generated/rbac-v1.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { installPolicy } from './install-policy.ts'
import { createRbacAuthorizer } from './rbac.ts'
import { uncovered } from './rule-cover.ts'

const RBAC = 'rbac.authorization.k8s.io'
const rule = (verbs: string, resources: string) => ({
  verbs: verbs.split(' '),
  apiGroups: [''],
  resources: [resources],
})
const role = (name: string, ...rules: object[]) =>
  ({ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name, namespace: 'default' }, rules }) as Role
const bindingTo = (name: string, kind: string, to: string) =>
  ({
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name, namespace: 'default' },
    roleRef: { apiGroup: RBAC, kind, name: to },
    subjects: [{ apiGroup: RBAC, kind: 'User', name: 'ann' }],
  }) as RoleBinding

async function start() {
  const environment = systemEnvironment('error')
  const store = createMemoryStore(environment)
  const server = await createApiServer({ environment, store, authorizer: createRbacAuthorizer(store) })
  await installPolicy(store, server.registry, environment)
  const clientFor = (name: string, ...groups: string[]) => createDirectClient(server, { user: { name, groups } })
  const root = clientFor('root', 'system:masters')
  const writes = { verbs: ['create', 'update'], apiGroups: [RBAC], resources: ['roles', 'rolebindings'] }
  await root.create(roles, role('roles-writer', writes, rule('get list', 'pods')))
  await root.create(roleBindings, bindingTo('ann', 'Role', 'roles-writer'))
  return { root, ann: clientFor('ann', 'dev') }
}

test('whoever writes a role may grant what they hold, and is told what they do not', async () => {
  const { ann } = await start()
  await ann.create(roles, role('reader', rule('get', 'pods')))
  await expect(ann.create(roles, role('writer', rule('get delete create', 'pods')))).rejects.toMatchObject({
    code: 403,
    message:
      `roles.${RBAC} "writer" is forbidden: user "ann" (groups=["dev"]) is attempting to grant RBAC permissions not ` +
      'currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}',
  })
})

test('a binding needs the rules of its role, or the verb bind on it', async () => {
  const { ann, root } = await start()
  await expect(ann.create(roleBindings, bindingTo('edit', 'ClusterRole', 'edit'))).rejects.toThrow('not currently held')
  await root.create(roles, role('binder', { ...rule('bind', ''), apiGroups: [RBAC], resources: ['clusterroles'] }))
  await root.create(roleBindings, bindingTo('binder', 'Role', 'binder'))
  await ann.create(roleBindings, bindingTo('edit', 'ClusterRole', 'edit'))
  await expect(root.list(clusterRoleBindings)).resolves.toBeDefined()
})

test('a binding to a role that is not there is refused to those who may not bind', async () => {
  const { ann } = await start()
  await expect(ann.create(roleBindings, bindingTo('x', 'ClusterRole', 'nope'))).rejects.toMatchObject({
    message: `rolebindings.${RBAC} "nope" not found`,
  })
})

test('wildcards cover, names of objects narrow', () => {
  const pods = rule('get', 'pods')
  expect(uncovered([{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], [pods])).toEqual([])
  expect(uncovered([{ ...pods, resourceNames: ['a'] }], [pods])).toEqual([pods])
  expect(uncovered([pods], [{ ...pods, resourceNames: ['a'] }])).toEqual([])
  expect(
    uncovered([{ verbs: ['get'], apiGroups: ['*'], resources: ['*/status'] }], [rule('get', 'pods/status')]),
  ).toEqual([])
  expect(
    uncovered([{ verbs: ['get'], nonResourceURLs: ['/api*'] }], [{ verbs: ['get'], nonResourceURLs: ['/apis'] }]),
  ).toEqual([])
})
