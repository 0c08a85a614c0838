import { expect, test } from 'vitest'
import { clusterRoles } from '../../api/generated/resources.ts'
import type { KubeObject } from '../../api/object.ts'
import { systemEnvironment } from '../../env/system.ts'
import type { Entry } from '../../store/store.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { installPolicy } from './install-policy.ts'
import { createRbacAuthorizer } from './rbac.ts'

const STORAGES = ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'].map(
  (plural) => `${plural}.rbac.authorization.k8s.io`,
)
const CONTEXT = {
  user: { name: 'system:apiserver', groups: ['system:masters'] },
  userAgent: 'kube-apiserver',
  warn: () => {},
}

async function start() {
  const environment = systemEnvironment('error')
  const store = createMemoryStore(environment)
  const server = await createApiServer({ environment, store, authorizer: createRbacAuthorizer(store) })
  const install = () => installPolicy(store, server.registry, environment)
  const policy = () => STORAGES.flatMap((storage) => [...store.head().list(storage)])
  return { server, store, install, policy }
}

/** Without what differs from one creation to the next. */
function comparable({ metadata, ...rest }: KubeObject) {
  const managedFields = metadata.managedFields?.map((entry) => ({ ...entry, time: 'then' }))
  return {
    ...rest,
    metadata: { ...metadata, uid: 'u', resourceVersion: '1', creationTimestamp: 'then', managedFields },
  }
}

test('the bootstrap policy is stored as if each object had been created by a request', async () => {
  const { server, install, policy } = await start()
  await install()
  expect(policy().length).toBeGreaterThan(100)
  const revisions = policy().map(({ modified }) => modified)
  expect(new Set(revisions).size).toBe(revisions.length)
  const requested = await Promise.all(policy().map((entry) => asRequested(server, entry)))
  expect(policy().map(({ object }) => comparable(object))).toEqual(requested.map(comparable))
})

/** What a creation by a request would answer, from no more than what somebody writes down. */
async function asRequested(server: Awaited<ReturnType<typeof createApiServer>>, { resource: storage, object }: Entry) {
  const { name, namespace, labels, annotations } = object.metadata
  const metadata = { name: `${name}x`, ...(namespace !== undefined && { namespace }), labels, annotations }
  const resource = server.registry.find('rbac.authorization.k8s.io', 'v1', storage.split('.', 1)[0]!)!
  const target = { resource, ...(namespace !== undefined && { namespace }) }
  const value = { ...object, metadata } as KubeObject
  const { object: answered } = await server.verbs.create(CONTEXT, target, { value }, { dryRun: true })
  return { ...answered, metadata: { ...answered.metadata, name: name! } }
}

test('what somebody has changed of the bootstrap policy stays, and what they deleted comes back', async () => {
  const { server, install, policy } = await start()
  await install()
  const count = policy().length
  const client = createDirectClient(server, { user: CONTEXT.user })
  await client.patch(
    clusterRoles,
    { name: 'edit' },
    { type: 'merge', patch: { metadata: { labels: { ours: 'yes' } } } },
  )
  await client.delete(clusterRoles, { name: 'view' })
  await install()
  expect(policy().length).toBe(count)
  expect((await client.get(clusterRoles, { name: 'edit' })).metadata.labels).toMatchObject({ ours: 'yes' })
  expect((await client.get(clusterRoles, { name: 'view' })).rules?.length).toBeGreaterThan(0)
})
