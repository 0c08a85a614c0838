import { expect, test } from 'vitest'
import type { Draft } from '../draft.ts'
import { BUILT_IN_RESOURCES } from '../generated/resources.ts'
import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'
import { prepareForCreate, prepareForUpdate } from './prepare.ts'

const typeOf = (kind: string) => BUILT_IN_RESOURCES.find((one) => one.kind === kind) as ResourceType

// The serviceaccount strategy's cleanSecretReferences.
test('of the secrets of a service account the names are kept', () => {
  const secrets = [{ name: 'a', fieldPath: 'x', kind: 'Secret' }]
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' }, secrets }
  prepareForCreate(typeOf('ServiceAccount'), account as Draft<KubeObject>)
  expect(account).toMatchObject({ secrets: [{ name: 'a' }] })
  expect(account.secrets[0]).toEqual({ name: 'a' })
})

// SetDefaults_Job, which holds whenever a Job is read.
test("a Job whose labels are taken away has its template's", () => {
  const template = { metadata: { labels: { 'job-name': 'a' } }, spec: {} }
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'a' }, spec: { template }, status: {} }
  prepareForUpdate(typeOf('Job'), structuredClone(job) as Draft<KubeObject>, job as KubeObject)
  const written = structuredClone(job) as unknown as Draft<KubeObject>
  prepareForUpdate(typeOf('Job'), written, job as KubeObject, 'status')
  expect(written.metadata.labels).toEqual({ 'job-name': 'a' })
})
