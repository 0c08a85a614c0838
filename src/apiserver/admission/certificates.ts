import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import { semanticallyEqual } from '../../api/meta/equal.ts'
import type { KubeObject } from '../../api/object.ts'
import { readSigningRequest } from '../../identity/signing-request.ts'
import { REQUESTS } from '../certificates/requests.ts'
import type { Authorizer } from '../verbs/authorizer.ts'
import { forbidden } from '../verbs/failure.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'

const GROUP = 'certificates.k8s.io'
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client'

/** Whoever approves a request must have the right to approve for its signer. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    resources: [REQUESTS],
    operations: ['UPDATE'],
    validate(request) {
      const { signerName } = (request.old as CertificateSigningRequest).spec
      if (request.subresource !== 'approval' || mayFor(authorizer, request, 'approve', signerName)) return
      refuse(request, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`)
    },
  }
}

/** Whoever writes the certificate must have the right to sign for the signer. */
export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    resources: [REQUESTS],
    operations: ['UPDATE'],
    validate(request) {
      const [old, object] = [request.old, request.object] as readonly unknown[] as readonly CertificateSigningRequest[]
      const [before, after] = [old?.status, object?.status]
      if (request.subresource !== 'status') return
      if (before?.certificate === after?.certificate && semanticallyEqual(before?.conditions, after?.conditions)) return
      const signerName = old?.spec.signerName ?? ''
      if (mayFor(authorizer, request, 'sign', signerName)) return
      refuse(request, `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`)
    },
  }
}

/** Nobody becomes a member of `system:masters` by a certificate that was asked for. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  resources: [REQUESTS],
  operations: ['CREATE'],
  validate(request) {
    const { spec } = request.object as KubeObject as CertificateSigningRequest
    if (spec.signerName !== CLIENT_SIGNER) return
    const { subject } = readSigningRequest(Buffer.from(spec.request, 'base64').toString())
    if (subject.organizations?.includes('system:masters') !== true) return
    refuse(request, `use of ${CLIENT_SIGNER} signer with system:masters group is not allowed`)
  },
}

function refuse({ resource, name }: AdmissionRequest, why: string): never {
  throw forbidden(resource.type, name, why)
}

/** A right for one signer, or for all of its domain. */
function mayFor(authorizer: Authorizer, { user }: AdmissionRequest, verb: string, signer: string): boolean {
  const names = [signer, `${signer.split('/')[0]}/*`]
  return names.some(
    (name) => authorizer.authorize({ user, verb, group: GROUP, version: '*', resource: 'signers', name }).allowed,
  )
}
