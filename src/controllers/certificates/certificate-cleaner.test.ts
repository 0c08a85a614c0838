import { expect, test } from 'vitest'
import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import { systemEnvironment } from '../../env/system.ts'
import { createAuthority } from '../../identity/authority.ts'
import { decideCleaning } from './certificate-cleaner.ts'

const HOUR_MS = 3_600_000
const NOW = Date.parse('2026-01-10T00:00:00Z')
const ago = (hours: number) => new Date(NOW - hours * HOUR_MS).toISOString()
const environment = systemEnvironment('error')
const authority = createAuthority({ ...environment, clock: { ...environment.clock, now: () => NOW } }, 'test')
const { certificate } = authority.issueClient('ann')
const encoded = Buffer.from(certificate).toString('base64')

function request(createdHours: number, type?: string, hours = 0, withCertificate = false): CertificateSigningRequest {
  const conditions = type === undefined ? [] : [{ type, status: 'True', lastUpdateTime: ago(hours) }]
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'r', uid: 'u', creationTimestamp: ago(createdHours) },
    spec: { request: '', signerName: 'x/y' },
    status: { conditions, ...(withCertificate && { certificate: encoded }) },
  } as CertificateSigningRequest
}

// The bounds are Kubernetes' own: an hour once decided or failed, a day while nobody has looked.
test.each([
  ['one that nobody has looked at, after a day', request(24.1), true],
  ['one that nobody has looked at, within the day', request(23), false],
  ['a denied one after an hour', request(5, 'Denied', 1.1), true],
  ['a denied one within the hour', request(5, 'Denied', 0.9), false],
  ['a failed one after an hour', request(5, 'Failed', 1.1), true],
  ['an approved one that was signed, after an hour', request(5, 'Approved', 1.1, true), true],
  ['an approved one that was signed, within the hour', request(5, 'Approved', 0.5, true), false],
  ['an approved one whose signer has not come', request(500, 'Approved', 400), false],
])('%s is removed: %#', (_what, object, isRemoved) => {
  const { changes, requeueAfterMs } = decideCleaning(object, NOW)
  expect(changes.map(({ verb }) => verb)).toEqual(isRemoved ? ['delete'] : [])
  if (isRemoved) expect(changes[0]).toMatchObject({ uid: 'u', key: { name: 'r' } })
  else if (requeueAfterMs !== undefined) expect(decideCleaning(object, NOW + requeueAfterMs).changes).toHaveLength(1)
})

test('a certificate that has expired takes its request along, however late it was approved', () => {
  const yearLater = NOW + 366 * 24 * HOUR_MS
  const approvedThen = { ...request(0, 'Approved', 0, true) }
  const conditions = [{ type: 'Approved', status: 'True', lastUpdateTime: new Date(yearLater).toISOString() }] as const
  const object = { ...approvedThen, status: { conditions, certificate: encoded } } as CertificateSigningRequest
  expect(decideCleaning(object, yearLater).changes).toHaveLength(1)
})
