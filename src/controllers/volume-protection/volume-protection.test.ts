import { expect, test } from 'vitest'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { claimKeysOf, decideClaim } from './claim-protection.ts'
import { decideVolume } from './volume-protection.ts'

const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 }
const claim = (metadata: object): PersistentVolumeClaim =>
  ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'a', ...metadata },
  }) as PersistentVolumeClaim
const pod = (spec: object): Pod =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'a' }, spec: { containers: [], ...spec } }) as Pod
const volume = (phase: string, metadata: object): PersistentVolume =>
  ({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'v', ...metadata }, status: { phase } }) as never

const finalizersAfter = ({ changes }: Decision) =>
  changes.map((change) => (change.verb === 'update' ? change.object.metadata.finalizers : change.verb))

test('a claim without the finalizer gets it, beside those that it has', () => {
  expect(finalizersAfter(decideClaim(claim({ finalizers: ['x/y'] }), []))).toEqual([
    ['x/y', 'kubernetes.io/pvc-protection'],
  ])
  expect(finalizersAfter(decideClaim(claim({ finalizers: ['kubernetes.io/pvc-protection'] }), []))).toEqual([])
})

test('a deleted claim stays while a pod with a node names it, ended or not', () => {
  const going = claim({ ...deleted, finalizers: ['kubernetes.io/pvc-protection', 'x/y'] })
  const users = (spec: object) => [{ ...pod(spec), status: { phase: 'Succeeded' as const } }]
  expect(finalizersAfter(decideClaim(going, users({ nodeName: 'n' })))).toEqual([])
  expect(finalizersAfter(decideClaim(going, users({})))).toEqual([['x/y']])
  expect(finalizersAfter(decideClaim(going, []))).toEqual([['x/y']])
})

test('a pod uses the claims that it names and those made for its ephemeral volumes', () => {
  const volumes = [
    { name: 'one', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'two', ephemeral: { volumeClaimTemplate: {} } },
    { name: 'three', emptyDir: {} },
  ]
  expect(claimKeysOf(pod({ volumes }))).toEqual(['a/data', 'a/p-two'])
})

test('a deleted volume stays while it is bound', () => {
  const going = { ...deleted, finalizers: ['kubernetes.io/pv-protection'] }
  expect(finalizersAfter(decideVolume(volume('Bound', going)))).toEqual([])
  expect(finalizersAfter(decideVolume(volume('Released', going)))).toEqual([[]])
  expect(finalizersAfter(decideVolume(volume('Available', {})))).toEqual([['kubernetes.io/pv-protection']])
})
