import { expect, test } from 'vitest'
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import {
  events,
  namespaces,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '../../api/generated/resources.ts'
import type { ControlPlane } from '../control-plane.fixture.ts'
import { startControlPlane } from '../control-plane.fixture.ts'
import { bestVolume, mismatch } from './match.ts'

const volume = (name: string, storage: string, spec: object = {}, metadata: object = {}): PersistentVolume =>
  ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, ...metadata },
    spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp/x' }, ...spec },
    status: { phase: 'Available' },
  }) as PersistentVolume

const claim = (name: string, storage: string, spec: object = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...spec },
})

const bestOf = (wanted: PersistentVolumeClaim, ...volumes: PersistentVolume[]) =>
  bestVolume(wanted, volumes, false)?.metadata.name

test('a claim gets the smallest volume that is large enough, of those with the fewest access modes', () => {
  const many = volume('many', '2Gi', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] })
  expect(bestOf(claim('c', '2Gi'), volume('a', '1Gi'), volume('b', '10Gi'), volume('d', '5Gi'), many)).toBe('d')
  expect(bestOf(claim('c', '2Gi', { accessModes: ['ReadOnlyMany'] }), volume('b', '10Gi'), many)).toBe('many')
})

test('class, mode and selector decide, and a volume kept for the claim comes before all others', () => {
  const kept = volume('kept', '9Gi', { claimRef: { namespace: 'default', name: 'c' } })
  const other = volume('other', '3Gi', { claimRef: { namespace: 'default', name: 'x' } })
  expect(bestOf(claim('c', '2Gi'), volume('b', '2Gi'), kept)).toBe('kept')
  expect(bestOf(claim('c', '2Gi'), other)).toBeUndefined()
  expect(bestOf(claim('c', '2Gi', { storageClassName: 'fast' }), volume('b', '2Gi'))).toBeUndefined()
  const labelled = volume('l', '5Gi', {}, { labels: { tier: 'gold' } })
  const selector = { matchLabels: { tier: 'gold' } }
  expect(bestOf(claim('c', '2Gi', { selector }), volume('b', '2Gi'), labelled)).toBe('l')
  expect(mismatch(volume('b', '1Gi'), claim('c', '2Gi'))).toBe('requested PV is too small')
  expect(mismatch(volume('b', '2Gi', { volumeMode: 'Block' }), claim('c', '2Gi'))).toBe('incompatible volumeMode')
})

const isBound = (one: { readonly status?: { readonly phase?: string } } | undefined) => one?.status?.phase === 'Bound'
const inDefault = (name: string) => ({ namespace: 'default', name })

async function withDefault(plane: ControlPlane): Promise<void> {
  await plane.until(namespaces, { name: 'default' }, (one) => one !== undefined)
}

test('a claim and a volume are bound from both sides; the volume is released when the claim goes', async () => {
  await using plane = await startControlPlane()
  await withDefault(plane)
  const { status: _, ...free } = volume('disk', '5Gi')
  await plane.client.create(persistentVolumes, free as PersistentVolume)
  await plane.client.create(persistentVolumeClaims, claim('data', '2Gi'))
  const bound = await plane.until(persistentVolumeClaims, inDefault('data'), isBound)
  expect(bound).toMatchObject({
    metadata: {
      annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' },
    },
    spec: { volumeName: 'disk' },
    status: { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'] },
  })
  const disk = await plane.until(persistentVolumes, { name: 'disk' }, isBound)
  expect(disk!.spec!.claimRef).toMatchObject({ kind: 'PersistentVolumeClaim', name: 'data', uid: bound!.metadata.uid })
  await plane.client.delete(persistentVolumeClaims, inDefault('data'))
  await plane.until(persistentVolumes, { name: 'disk' }, (one) => one?.status?.phase === 'Released')
})

test('the local provisioner makes a volume for a claim of its class, lets it grow, and takes it away with the claim', async () => {
  await using plane = await startControlPlane()
  await withDefault(plane)
  await plane.client.create(storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard' },
    provisioner: 'shoal.dev/local',
    allowVolumeExpansion: true,
  })
  const wanted = claim('data', '1Gi', { storageClassName: 'standard' })
  await plane.client.create(persistentVolumeClaims, wanted)
  const bound = await plane.until(persistentVolumeClaims, inDefault('data'), isBound)
  const name = `pvc-${bound!.metadata.uid}`
  expect(bound!.spec!.volumeName).toBe(name)
  const grown = { spec: { resources: { requests: { storage: '3Gi' } } } }
  await plane.client.patch(persistentVolumeClaims, inDefault('data'), { type: 'merge', patch: grown })
  await plane.until(persistentVolumeClaims, inDefault('data'), (one) => one?.status?.capacity?.['storage'] === '3Gi')
  await plane.client.delete(persistentVolumeClaims, inDefault('data'))
  await plane.until(persistentVolumes, { name }, (one) => one === undefined)
})

test('a claim whose class waits for a pod says so, and is provisioned on the node that was chosen', async () => {
  await using plane = await startControlPlane()
  await withDefault(plane)
  await plane.client.create(storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'shoal.dev/local',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await plane.client.create(persistentVolumeClaims, claim('data', '1Gi'))
  const said = plane.informers.of(events)
  await said.synced
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  said.listen({ added: ({ reason, message }) => reason === 'WaitForFirstConsumer' && resolve(message) })
  expect(await promise).toBe('waiting for first consumer to be created before binding')
  const annotations = { 'volume.kubernetes.io/selected-node': 'node-7' }
  await plane.client.patch(persistentVolumeClaims, inDefault('data'), {
    type: 'merge',
    patch: { metadata: { annotations } },
  })
  const bound = await plane.until(persistentVolumeClaims, inDefault('data'), isBound)
  const made = await plane.client.get(persistentVolumes, { name: bound!.spec!.volumeName! })
  expect(made.spec!.nodeAffinity!.required!.nodeSelectorTerms[0]!.matchExpressions).toEqual([
    { key: 'kubernetes.io/hostname', operator: 'In', values: ['node-7'] },
  ])
})
