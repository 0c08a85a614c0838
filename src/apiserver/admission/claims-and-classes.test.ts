import { expect, test } from 'vitest'
import type { PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import type { Ingress, IngressClass } from '../../api/generated/networking-v1.ts'
import {
  ingressClasses,
  ingresses,
  persistentVolumeClaims,
  priorityClasses,
  storageClasses,
} from '../../api/generated/resources.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { allowAll } from '../verbs/authorizer.ts'

async function connect() {
  const environment = systemEnvironment('error')
  const server = await createApiServer({ environment, store: createMemoryStore(environment), authorizer: allowAll })
  return createDirectClient(server, { user: { name: 'a', groups: [] } })
}

test('an Ingress without a class gets the one that is marked as the default', async () => {
  const client = await connect()
  const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' }
  await client.create(ingressClasses, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'main', annotations },
    spec: { controller: 'example.com/c' },
  } as IngressClass)
  const backend = { service: { name: 's', port: { number: 80 } } }
  const made = await client.create(ingresses, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'i', namespace: 'default' },
    spec: { defaultBackend: backend },
  } as Ingress)
  expect(made.spec?.ingressClassName).toBe('main')
})

test('a claim grows once it is bound, if its class allows that', async () => {
  const client = await connect()
  const storageClass = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', provisioner: 'example.com/p' }
  await client.create(storageClasses, { ...storageClass, metadata: { name: 'fixed' } })
  await client.create(storageClasses, { ...storageClass, metadata: { name: 'grows' }, allowVolumeExpansion: true })
  for (const name of ['fixed', 'grows']) {
    await client.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'default' },
      spec: { storageClassName: name, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    } as PersistentVolumeClaim)
  }
  const grow = (name: string) =>
    client.patch(
      persistentVolumeClaims,
      { namespace: 'default', name },
      { type: 'merge', patch: { spec: { resources: { requests: { storage: '2Gi' } } } } },
    )
  for (const name of ['fixed', 'grows']) {
    const key = { namespace: 'default', name }
    const spec = { volumeName: `pv-${name}` }
    await client.patch(persistentVolumeClaims, key, { type: 'merge', patch: { spec } })
    const status = { phase: 'Bound' }
    await client.patch(persistentVolumeClaims, key, { type: 'merge', patch: { status } }, { subresource: 'status' })
  }
  await expect(grow('fixed')).rejects.toMatchObject({
    message:
      'persistentvolumeclaims "fixed" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  })
  expect((await grow('grows')).spec?.resources?.requests).toEqual({ storage: '2Gi' })
})

// Kubernetes' rules: RetroactiveDefaultStorageClass, and the Priority admission.
test('a claim without a class may be given one, once; of priority classes one is the default', async () => {
  const client = await connect()
  const key = { namespace: 'default', name: 'before' }
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: key, spec } as PersistentVolumeClaim
  await client.create(persistentVolumeClaims, claim)
  const give = (storageClassName: string) =>
    client.patch(persistentVolumeClaims, key, { type: 'merge', patch: { spec: { storageClassName } } })
  expect((await give('usual')).spec?.storageClassName).toBe('usual')
  await expect(give('other')).rejects.toMatchObject({ reason: 'Invalid' })

  const priorityClass = (name: string) => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value: 7,
    globalDefault: true,
  })
  const first = await client.create(priorityClasses, priorityClass('usual'))
  await client.update(priorityClasses, { ...first, description: 'the one' })
  await expect(client.create(priorityClasses, priorityClass('too'))).rejects.toThrow(
    'PriorityClass usual is already marked as default. Only one default can exist',
  )
})
