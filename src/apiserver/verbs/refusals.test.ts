import { expect, test } from 'vitest'
import { configMaps, namespaces, pods, serviceAccounts } from '../../api/generated/resources.ts'
import type { KubeObject } from '../../api/object.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { allowAll } from './authorizer.ts'
import type { Authorizer } from './authorizer.ts'

const readersOnly: Authorizer = {
  ...allowAll,
  authorize: ({ verb, user }) => ({ allowed: user.name === 'admin' || ['get', 'watch'].includes(verb) }),
}

async function start() {
  const environment = systemEnvironment('error')
  const store = createMemoryStore(environment)
  const server = await createApiServer({ environment, store, authorizer: readersOnly })
  const clientOf = (name: string) => createDirectClient(server, { user: { name, groups: [] } })
  return { store, admin: clientOf('admin'), ann: clientOf('ann') }
}

const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } })

test('a caller in the process is authorized like any other, with the message of Kubernetes', async () => {
  const { ann } = await start()
  await expect(ann.list(configMaps, { namespace: 'default' })).rejects.toMatchObject({
    code: 403,
    message:
      'configmaps is forbidden: User "ann" cannot list resource "configmaps" in API group "" in the namespace "default"',
  })
  await expect(ann.create(configMaps, configMap('a'))).rejects.toMatchObject({ reason: 'Forbidden' })
})

test('a page of a compacted list answers Expired with a token that goes on', async () => {
  const { admin, store } = await start()
  for (const name of ['a', 'b', 'c']) await admin.create(configMaps, configMap(name))
  const page = await admin.list(configMaps, { namespace: 'default', limit: 1 })
  await admin.create(configMaps, configMap('d'))
  store.compact(store.durable().revision)
  const expired = await admin
    .list(configMaps, { namespace: 'default', limit: 1, continue: page.metadata.continue ?? '' })
    .then(
      () => undefined,
      (error: { status: { reason: string; metadata: { continue: string } } }) => error.status,
    )
  expect(expired?.reason).toBe('Expired')
  const rest = await admin.list(configMaps, { namespace: 'default', continue: expired?.metadata.continue ?? '' })
  expect(rest.items.map((one) => one.metadata.name)).toEqual(['b', 'c', 'd'])
})

test('a pod without its service account is refused in the words of Kubernetes', async () => {
  const { admin } = await start()
  const spec = { containers: [{ name: 'main', image: 'busybox' }] }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec }
  await expect(admin.create(pods, pod)).rejects.toMatchObject({
    message:
      'pods "p" is forbidden: error looking up service account default/default: serviceaccount "default" not found',
  })
  const account: KubeObject = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  }
  await admin.create(serviceAccounts, account)
  expect(
    (await admin.create(pods, { ...pod, spec: { ...spec, automountServiceAccountToken: false } })).spec?.volumes,
  ).toBeUndefined()
})

test('the namespaces of the system may not be deleted', async () => {
  const { admin } = await start()
  await expect(admin.delete(namespaces, { name: 'default' })).rejects.toMatchObject({
    message: 'namespaces "default" is forbidden: this namespace may not be deleted',
  })
})

test('a namespace goes when its last finalizer is taken from it', async () => {
  const { admin } = await start()
  const made = await admin.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } })
  expect(made.spec?.finalizers).toEqual(['kubernetes'])
  await admin.delete(namespaces, { name: 'x' })
  const going = await admin.get(namespaces, { name: 'x' })
  await admin.update(namespaces, { ...going, spec: { finalizers: [] } }, { subresource: 'finalize' })
  await expect(admin.get(namespaces, { name: 'x' })).rejects.toMatchObject({ reason: 'NotFound' })
})
