import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../api/generated/core-v1.ts'
import { persistentVolumeClaims, persistentVolumes, pods } from '../api/generated/resources.ts'
import type { KubeObject, ObjectKey } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'
import { systemEnvironment } from '../env/system.ts'
import { createInformer } from '../informer/informer.ts'
import { createCluster } from './cluster.ts'

/** Resolves when the object is as `isSo` says; `undefined` stands for one that is gone. */
async function until<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  key: ObjectKey,
  isSo: (object: T | undefined) => boolean,
): Promise<T | undefined> {
  await using informer = createInformer(systemEnvironment('error'), client, type)
  await informer.synced
  const { promise, resolve } = Promise.withResolvers<T | undefined>()
  const look = () => {
    const found = informer.get(key)
    if (isSo(found)) resolve(found)
  }
  informer.listen({ added: look, updated: look, deleted: look })
  look()
  return await promise
}

const key = { namespace: 'default', name: 'kept' }

test('a claim of no class gets a directory, which is gone when the claim is deleted', async () => {
  const dataDirectory = await mkdtemp(path.join(os.tmpdir(), 'shoal-volumes-test-'))
  await using cluster = await createCluster({ dataDirectory })
  await cluster.ready
  const { client } = cluster
  await client.create<PersistentVolumeClaim>(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: key,
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  })
  const volumeMounts = [{ name: 'kept', mountPath: '/kept' }]
  const command = ['sh', '-c', 'echo kept > /kept/file']
  const image = `node:${process.versions.node.split('.')[0]}`
  await client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: key,
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, command, volumeMounts }],
      volumes: [{ name: 'kept', persistentVolumeClaim: { claimName: 'kept' } }],
    },
  })
  await until(client, pods, key, (pod) => pod?.status?.phase === 'Succeeded')
  const { items } = await client.list<PersistentVolume>(persistentVolumes)
  const [volume] = items
  expect(volume?.spec).toMatchObject({ storageClassName: 'standard', persistentVolumeReclaimPolicy: 'Delete' })
  const directory = volume?.spec?.hostPath?.path ?? ''
  expect(existsSync(`${directory}/file`)).toBe(true)
  await client.delete(pods, key)
  await client.delete(persistentVolumeClaims, key)
  await until(client, persistentVolumes, { name: volume?.metadata.name ?? '' }, (found) => found === undefined)
  await cluster.close()
  expect([path.dirname(directory), existsSync(directory)]).toEqual([`${dataDirectory}/volumes`, false])
  await rm(dataDirectory, { recursive: true })
})
