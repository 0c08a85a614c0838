import { expect, test } from 'vitest'
import type { ConfigMap } from '../../api/generated/core-v1.ts'
import type { Role, RoleBinding } from '../../api/generated/rbac-v1.ts'
import { configMaps, roleBindings, roles } from '../../api/generated/resources.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { createRbacAuthorizer } from './rbac.ts'

// A list or watch with `metadata.name=x` as field selector is one of that name to the authorizer: rules with resourceNames hold.
test('whoever may see one object by its name may list and watch it by its name, and nothing else', async () => {
  const environment = systemEnvironment('error')
  const store = createMemoryStore(environment)
  const api = await createApiServer({ environment, store, authorizer: createRbacAuthorizer(store) })
  const admin = createDirectClient(api, { user: { name: 'admin', groups: ['system:masters'] } })
  const client = createDirectClient(api, { user: { name: 'ann', groups: [] } })
  const namespace = 'default'
  const metadata = { namespace, name: 'reader' }
  for (const name of ['own', 'other']) {
    await admin.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name } } as ConfigMap)
  }
  const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['own'], verbs: ['list', 'watch'] }]
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata }
  await admin.create(roles, { ...rbac, kind: 'Role', rules } as Role)
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' }
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }]
  await admin.create(roleBindings, { ...rbac, kind: 'RoleBinding', roleRef, subjects } as RoleBinding)

  const named = (name: string) => ({ namespace, fieldSelector: `metadata.name=${name}` })
  expect((await client.list(configMaps, named('own'))).items.map((each) => each.metadata.name)).toEqual(['own'])
  const seen = Promise.withResolvers<string | undefined>()
  const watching = client.watch(configMaps, named('own'), {
    events: ([event]) => seen.resolve(event?.object.metadata.name),
    closed: seen.reject,
  })
  expect(await seen.promise).toBe('own')
  watching.close()
  await expect(client.list(configMaps, named('other'))).rejects.toMatchObject({
    reason: 'Forbidden',
    message: expect.stringContaining('configmaps "other" is forbidden: User "ann" cannot list resource "configmaps"'),
  })
  for (const fieldSelector of ['', 'metadata.name!=own', 'metadata.name=']) {
    await expect(client.list(configMaps, { namespace, fieldSelector })).rejects.toMatchObject({ reason: 'Forbidden' })
  }
})
