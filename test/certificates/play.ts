import { setTimeout as sleep } from 'node:timers/promises'
import type { CertificateSigningRequest } from '../../src/api/generated/certificates-v1.ts'
import { certificateSigningRequests, clusterRoleBindings } from '../../src/api/generated/resources.ts'
import type { Client } from '../../src/client/client.ts'
import type { ClusterRoleBinding } from '../../src/api/generated/rbac-v1.ts'
import { BINDINGS, outcomeOf } from './cases.ts'
import type { CertificateCase, Outcome } from './cases.ts'

/** A case with its request in PEM. */
export interface Asked extends CertificateCase {
  readonly request: string
}

/** Makes every request, decides about those that somebody decides about, and reads what has become of them by `isSettled`. */
export async function playCertificates(
  clientFor: (name: string, groups: readonly string[]) => Client,
  cases: readonly Asked[],
  isSettled: (found: readonly Outcome[]) => boolean | Promise<boolean>,
): Promise<readonly Outcome[]> {
  const admin = clientFor('admin', ['system:masters'])
  for (const binding of BINDINGS) await admin.create(clusterRoleBindings, binding as ClusterRoleBinding)
  for (const [i, one] of cases.entries()) {
    const { user } = one
    const client = user === undefined ? admin : clientFor(user[0], [user[1]])
    const made = await client.create(certificateSigningRequests, objectOf(i, one))
    if (one.decision !== undefined) await decide(admin, made, one.decision)
  }
  for (;;) {
    const found: Outcome[] = []
    for (const i of cases.keys())
      found.push(outcomeOf(await admin.get(certificateSigningRequests, { name: nameOf(i) })))
    if (await isSettled(found)) return found
    await sleep(50)
  }
}

const nameOf = (i: number) => `request-${i}`

function objectOf(i: number, { request, signer, usages, expirationSeconds }: Asked): CertificateSigningRequest {
  const seconds = expirationSeconds === undefined ? {} : { expirationSeconds }
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: nameOf(i) },
    spec: { request: Buffer.from(request).toString('base64'), signerName: signer, usages: [...usages], ...seconds },
  }
}

async function decide(client: Client, made: CertificateSigningRequest, type: 'Approved' | 'Denied'): Promise<void> {
  const condition = { type, status: 'True', reason: 'ByHand', message: 'somebody decided' }
  const patch = { status: { conditions: [condition] } }
  const { name = '' } = made.metadata
  await client.patch(certificateSigningRequests, { name }, { type: 'merge', patch }, { subresource: 'approval' })
}
