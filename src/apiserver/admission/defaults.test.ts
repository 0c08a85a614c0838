import { expect, test } from 'vitest'
import type { Service } from '../../api/generated/core-v1.ts'
import type { StorageClass } from '../../api/generated/storage-v1.ts'
import { persistentVolumeClaims, services, storageClasses } from '../../api/generated/resources.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { allowAll } from '../verbs/authorizer.ts'

async function start() {
  const environment = systemEnvironment('error')
  const server = await createApiServer({ environment, store: createMemoryStore(environment), authorizer: allowAll })
  return createDirectClient(server, { user: { name: 'ann', groups: [] } })
}

const storageClass = (name: string, annotations: Record<string, string> = {}) =>
  ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, annotations },
    provisioner: 'x/y',
  }) as StorageClass

const claim = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
})

const service = (name: string, spec: object) =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec }) as Service

test('a claim gets the default storage class unless it names one, if only the empty one', async () => {
  const client = await start()
  const before = await client.create(persistentVolumeClaims, claim('early'))
  expect(before.spec?.storageClassName).toBeUndefined()
  await client.create(storageClasses, storageClass('slow'))
  await client.create(storageClasses, storageClass('fast', { 'storageclass.kubernetes.io/is-default-class': 'true' }))
  const classOf = async (name: string, spec?: object) =>
    (await client.create(persistentVolumeClaims, claim(name, spec))).spec?.storageClassName
  expect(await classOf('a')).toBe('fast')
  expect(await classOf('b', { storageClassName: 'slow' })).toBe('slow')
  expect(await classOf('c', { storageClassName: '' })).toBe('')
})

test('node ports come from their range, are never given twice and return when their service goes', async () => {
  const client = await start()
  const ports = (nodePort?: number) => [{ port: 80, ...(nodePort !== undefined && { nodePort }) }]
  const made = await client.create(services, service('a', { type: 'NodePort', ports: ports() }))
  const given = made.spec?.ports?.[0]?.nodePort ?? 0
  expect(given).toBeGreaterThanOrEqual(30000)
  expect(given).toBeLessThanOrEqual(32767)
  const taken = service('b', { type: 'NodePort', ports: ports(given) })
  await expect(client.create(services, taken)).rejects.toMatchObject({
    code: 422,
    message: `Service "b" is invalid: spec.ports[0].nodePort: Invalid value: ${given}: provided port is already allocated`,
  })
  await expect(client.create(services, service('c', { type: 'NodePort', ports: ports(80) }))).rejects.toThrow(
    'provided port is not in the valid range. The range of valid ports is 30000-32767',
  )
  await client.delete(services, { namespace: 'default', name: 'a' })
  expect((await client.create(services, taken)).spec?.ports?.[0]?.nodePort).toBe(given)
})

test('a node port goes when the service turns inward', async () => {
  const client = await start()
  const made = await client.create(services, service('a', { type: 'NodePort', ports: [{ port: 80 }] }))
  const patch = { spec: { type: 'ClusterIP' } }
  const turned = await client.patch(services, { namespace: 'default', name: 'a' }, { type: 'merge', patch })
  expect(turned.spec?.ports?.[0]).not.toHaveProperty('nodePort')
  expect(turned.spec?.clusterIP).toBe(made.spec?.clusterIP)
})

test('a service that becomes a mere name gives its address back, and gets one again when it turns', async () => {
  const client = await start()
  await client.create(services, service('a', { ports: [{ port: 80 }] }))
  const turn = (spec: object) =>
    client.patch(services, { namespace: 'default', name: 'a' }, { type: 'merge', patch: { spec } })
  const named = await turn({ type: 'ExternalName', externalName: 'example.com' })
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    expect(named.spec).not.toHaveProperty(field)
  }
  const back = await turn({ type: 'ClusterIP', externalName: null })
  expect(back.spec?.clusterIP).toMatch(/^10\./)
})
