import { expect, test } from 'vitest'
import type { LimitRange, Pod } from '../../api/generated/core-v1.ts'
import { limitRanges, persistentVolumeClaims, pods, serviceAccounts } from '../../api/generated/resources.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createApiServer } from '../api-server.ts'
import { createDirectClient } from '../direct-client.ts'
import { allowAll } from '../verbs/authorizer.ts'

async function start(...limits: object[]) {
  const environment = systemEnvironment('error')
  const server = await createApiServer({ environment, store: createMemoryStore(environment), authorizer: allowAll })
  const client = createDirectClient(server, { user: { name: 'ann', groups: [] } })
  const metadata = { name: 'default', namespace: 'default' }
  await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
  await client.create(limitRanges, { apiVersion: 'v1', kind: 'LimitRange', metadata, spec: { limits } } as LimitRange)
  return client
}

const pod = (resources: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'busybox', resources }] },
  }) as Pod

test('containers get the requests and limits that they leave out, and the pod says so', async () => {
  const client = await start({
    type: 'Container',
    default: { cpu: '1' },
    defaultRequest: { cpu: '200m', memory: '1Mi' },
  })
  const { spec, metadata } = await client.create(pods, pod({ limits: { cpu: '500m' } }))
  // The default request of cpu does not apply: a limit without a request is its request, by the pod's own defaults.
  expect(spec?.containers[0]?.resources).toEqual({ limits: { cpu: '500m' }, requests: { cpu: '500m', memory: '1Mi' } })
  expect(metadata.annotations).toEqual({
    'kubernetes.io/limit-ranger': 'LimitRanger plugin set: memory request for container main',
  })
})

test('bounds are named with what was asked for', async () => {
  const client = await start({ type: 'Container', min: { memory: '4Mi' }, max: { cpu: '1', memory: '1Gi' } })
  const resources = { limits: { cpu: '2', memory: '2Mi' }, requests: { cpu: '2', memory: '2Mi' } }
  await expect(client.create(pods, pod(resources))).rejects.toMatchObject({
    code: 403,
    message:
      'pods "p" is forbidden: [minimum memory usage per Container is 4Mi, but request is 2Mi, ' +
      'maximum cpu usage per Container is 1, but limit is 2]',
  })
})

test('a limit may be only so many times its request', async () => {
  const client = await start({ type: 'Container', maxLimitRequestRatio: { cpu: '2' } })
  await expect(client.create(pods, pod({ limits: { cpu: '3' }, requests: { cpu: '1' } }))).rejects.toThrow(
    'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
  )
})

test('claims are held to the bounds of their storage', async () => {
  const client = await start({ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } })
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'c', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
  }
  await expect(client.create(persistentVolumeClaims, claim)).rejects.toThrow(
    'maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi',
  )
})
