import type { CertificateSigningRequest } from '../../../api/generated/certificates-v1.ts'
import type { PersistentVolumeClaim } from '../../../api/generated/core-v1.ts'
import type { ResourceSlice } from '../../../api/generated/resource-v1.ts'
import { semanticallyEqual } from '../../../api/meta/equal.ts'
import type { KubeObject } from '../../../api/object.ts'
import { readSigningRequest } from '../../../identity/signing-request.ts'
import { nodeOf } from '../../authz/node/identity.ts'
import { REQUESTS } from '../../certificates/requests.ts'
import type { Authorizer } from '../../verbs/authorizer.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { NodeRule } from './node-rule.ts'
import { nameOf, refuse } from './node-rule.ts'
import { ownNode } from './own-node.ts'
import { ownPods } from './own-pods.ts'
import { tokensOfOwnPods } from './pod-tokens.ts'

const LEASES = 'kube-node-lease'
const SERVING = 'kubernetes.io/kubelet-serving'
const CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'

/**
 * Kubernetes' NodeRestriction: a node writes its own object and lease, the status of its own pods and mirrors of static ones, and
 * has tokens for the accounts of its own pods alone, whatever its roles allow. It has no opinion about other users.
 */
export function nodeRestriction(authorizer: Authorizer): AdmissionPlugin {
  const rules: ReadonlyMap<string, NodeRule> = new Map<string, NodeRule>([
    ['pods', ownPods],
    ['nodes', ownNode],
    ['persistentvolumeclaims', sizeOfClaims],
    ['serviceaccounts', tokensOfOwnPods(authorizer)],
    ['leases.coordination.k8s.io', ownLease],
    ['csinodes.storage.k8s.io', named('CSINode')],
    ['resourceslices.resource.k8s.io', ownSlices],
    [REQUESTS, ownCertificate],
  ])
  const restrict = (request: AdmissionRequest) => {
    const node = nodeOf(request.user)
    if (node === undefined) return
    if (node === '') refuse(request, `could not determine node from user ${JSON.stringify(request.user.name)}`)
    rules.get(request.resource.storage)?.(node, request)
  }
  return {
    name: 'NodeRestriction',
    resources: [...rules.keys()],
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    seesActs: true,
    // Deletions are only validated.
    mutate: restrict,
    validate: (request) => {
      if (request.operation === 'DELETE') restrict(request)
    },
  }
}

function ownLease(node: string, request: AdmissionRequest): void {
  if (request.namespace !== LEASES) refuse(request, `can only access leases in the "${LEASES}" system namespace`)
  named('node lease')(node, request)
}

function named(what: string): NodeRule {
  return (node, request) => {
    if (nameOf(request) !== node) refuse(request, `can only access ${what} with the same name as the requesting node`)
  }
}

/** Changes of slices are the authorizer's matter, which sees no objects that come or go. */
function ownSlices(node: string, request: AdmissionRequest): void {
  const { operation, object } = request
  if (operation === 'UPDATE' || (object as unknown as ResourceSlice).spec.nodeName === node) return
  const act = operation.toLowerCase()
  refuse(request, `can only ${act} ResourceSlice with the same NodeName as the requesting node`)
}

/** Nodes tell how a claim grew, and nothing else of it. */
function sizeOfClaims(node: string, request: AdmissionRequest): void {
  const { operation, subresource, object, old } = request
  if (subresource !== 'status') refuse(request, 'may only update PVC status')
  if (operation !== 'UPDATE') refuse(request, `unexpected operation "${operation}"`)
  if (semanticallyEqual(withoutSize(object as KubeObject), withoutSize(old!))) return
  refuse(request, `node "${node}" is not allowed to update fields other than status.quantity and status.conditions`)
}

function withoutSize(claim: KubeObject): object {
  const { metadata, status = {}, ...rest } = claim as PersistentVolumeClaim
  const { resourceVersion: _, managedFields: __, ...stays } = metadata ?? {}
  const { capacity: _c, conditions: _d, allocatedResources: _e, allocatedResourceStatuses: _f, ...told } = status
  return { ...rest, metadata: stays, status: told }
}

function ownCertificate(node: string, request: AdmissionRequest): void {
  if (request.operation !== 'CREATE') return
  const { spec } = request.object as KubeObject as CertificateSigningRequest
  if (spec.signerName !== SERVING && spec.signerName !== CLIENT) return
  if (commonNameOf(spec, request) === `system:node:${node}`) return
  refuse(request, `can only create a node CSR with CN=system:node:${node}`)
}

function commonNameOf({ request }: CertificateSigningRequest['spec'], asked: AdmissionRequest): string | undefined {
  try {
    return readSigningRequest(Buffer.from(request, 'base64').toString()).subject.commonName
  } catch (error) {
    return refuse(asked, `unable to parse csr: ${error instanceof Error ? error.message : String(error)}`)
  }
}
