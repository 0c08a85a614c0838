import { expect, test } from 'vitest'
import type { Draft } from '../draft.ts'
import type { KubeObject } from '../object.ts'
import { keepMetadata } from './status-metadata.ts'

const named = (metadata: object) => ({ apiVersion: 'v1', kind: 'X', metadata }) as Draft<KubeObject>

// `PrepareForUpdate` of each kind's status strategy in Kubernetes 1.34.
test('a write of a status leaves alone the metadata that its kind does not let it write', () => {
  const sent = () => named({ name: 'a', labels: { a: 'new' }, annotations: { b: 'new' }, ownerReferences: [] })
  const old = named({ name: 'a', labels: { a: 'old' } }) as KubeObject
  const written = (resource: string) => {
    const object = sent()
    keepMetadata(resource, object, old)
    return object.metadata
  }
  expect(written('deployments.apps')).toMatchObject({ labels: { a: 'old' }, annotations: { b: 'new' } })
  expect(written('volumeattachments.storage.k8s.io')).toEqual({ name: 'a', labels: { a: 'old' } })
  expect(written('pods')).not.toHaveProperty('ownerReferences')
  expect(written('jobs.batch')).toEqual(sent().metadata)
})
