import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import { certificateSigningRequests, subjectAccessReviews } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import { readSigningRequest } from '../../identity/signing-request.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { isDecided } from './conditions.ts'
import { nodeClientProblem } from './node-requests.ts'

const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'
/** Whoever may not have it now may be given the right. */
const ASK_AGAIN_MS = 30_000

/**
 * Approves requests for the client certificates of nodes, where whoever made one has the right to: to renew its own, or to make one
 * for a node (as a bootstrap token has). Kubernetes' `csrapproving`.
 */
export const certificateApprover: Controller = {
  name: 'csrapproving',
  account: 'certificate-controller',
  build(context) {
    const informer = context.informer(certificateSigningRequests)
    return {
      sources: [changesOf(informer)],
      reconcile: (key) =>
        decideApproval(informer.getByKey(key), (subresource, request) =>
          mayCreate(context.client, subresource, request),
        ),
    }
  },
}

type MayCreate = (subresource: string, request: CertificateSigningRequest) => Promise<boolean>

/** `mayCreate` says whether who made the request may create such ones. */
export async function decideApproval(
  request: CertificateSigningRequest | undefined,
  mayCreate: MayCreate,
): Promise<Decision> {
  if (request === undefined || request.spec.signerName !== KUBELET_CLIENT || request.status?.certificate) return SETTLED
  if (isDecided(request, 'Approved') || isDecided(request, 'Denied')) return SETTLED
  const parsed = readSigningRequest(Buffer.from(request.spec.request, 'base64').toString())
  if (nodeClientProblem(parsed, request.spec.usages ?? []) !== undefined) return SETTLED
  const isOwn = request.spec.username === parsed.subject.commonName
  if (isOwn && (await mayCreate('selfnodeclient', request))) {
    return approved(request, 'Auto approving self kubelet client certificate after SubjectAccessReview.')
  }
  if (await mayCreate('nodeclient', request)) {
    return approved(request, 'Auto approving kubelet client certificate after SubjectAccessReview.')
  }
  return { changes: [], requeueAfterMs: ASK_AGAIN_MS }
}

function approved(request: CertificateSigningRequest, message: string): Decision {
  const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message } as const
  const conditions = [...(request.status?.conditions ?? []), condition]
  const object: CertificateSigningRequest = { ...request, status: { ...request.status, conditions } }
  return { changes: [{ verb: 'update', type: certificateSigningRequests, object, subresource: 'approval' }] }
}

async function mayCreate(client: Client, subresource: string, { spec }: CertificateSigningRequest): Promise<boolean> {
  const { username: user, uid, groups, extra } = spec
  const group = 'certificates.k8s.io'
  const resourceAttributes = {
    group,
    resource: 'certificatesigningrequests',
    verb: 'create',
    subresource,
    version: '*',
  }
  const review = await client.create(subjectAccessReviews, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      resourceAttributes,
      ...(user !== undefined && { user }),
      ...(uid !== undefined && { uid }),
      ...(groups !== undefined && { groups }),
      ...(extra !== undefined && { extra }),
    },
  })
  return review.status?.allowed === true
}
