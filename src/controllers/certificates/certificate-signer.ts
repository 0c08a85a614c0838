import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import { certificateSigningRequests } from '../../api/generated/resources.ts'
import { formatTime } from '../../env/clock.ts'
import type { Authority } from '../../identity/authority.ts'
import { readSigningRequest } from '../../identity/signing-request.ts'
import type { SigningRequest } from '../../identity/signing-request.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { isTrue } from './conditions.ts'
import { nodeClientProblem, nodeServingProblem } from './node-requests.ts'

const CLIENT = 'kubernetes.io/kube-apiserver-client'
const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'
const KUBELET_SERVING = 'kubernetes.io/kubelet-serving'

const LONGEST_SECONDS = 365 * 24 * 3600
const SHORTEST_SECONDS = 600

/** Signs what was approved for Kubernetes' own signers, with the cluster's authority. */
export function certificateSigner(authority: Pick<Authority, 'sign'>): Controller {
  return {
    name: 'certificate-controller',
    build(context) {
      const informer = context.informer(certificateSigningRequests)
      return {
        sources: [changesOf(informer)],
        reconcile: (key, nowMs) => decideSigning(informer.getByKey(key), authority, nowMs),
      }
    },
  }
}

export function decideSigning(
  request: CertificateSigningRequest | undefined,
  authority: Pick<Authority, 'sign'>,
  nowMs: number,
): Decision {
  const { spec, status } = request ?? {}
  if (request === undefined || spec === undefined || status?.certificate) return SETTLED
  if (!isTrue(request, 'Approved') || isTrue(request, 'Failed')) return SETTLED
  const check = CHECKS[spec.signerName]
  if (check === undefined) return SETTLED
  const parsed = readSigningRequest(Buffer.from(spec.request, 'base64').toString())
  const usages = spec.usages ?? []
  const problem = check(parsed, usages)
  const seconds = Math.max(SHORTEST_SECONDS, Math.min(spec.expirationSeconds ?? LONGEST_SECONDS, LONGEST_SECONDS))
  const result =
    problem === undefined
      ? { certificate: toBase64(authority.sign({ ...parsed, usages, seconds })) }
      : { conditions: [...(status?.conditions ?? []), failure(problem, nowMs)] }
  const object: CertificateSigningRequest = { ...request, status: { ...status, ...result } }
  return { changes: [{ verb: 'update', type: certificateSigningRequests, object, subresource: 'status' }] }
}

const toBase64 = (text: string) => Buffer.from(text).toString('base64')

function failure(message: string, nowMs: number) {
  const reason = 'SignerValidationFailure'
  return { type: 'Failed', status: 'True', reason, message, lastUpdateTime: formatTime(nowMs) } as const
}

/** What each signer asks of a request; a text says what is wrong. */
const CHECKS: Readonly<Record<string, (request: SigningRequest, usages: readonly string[]) => string | undefined>> = {
  [CLIENT]: (_, usages) => clientUsagesProblem(usages),
  [KUBELET_CLIENT]: nodeClientProblem,
  [KUBELET_SERVING]: nodeServingProblem,
}

function clientUsagesProblem(usages: readonly string[]): string | undefined {
  const wrong = usages.find((usage) => !['client auth', 'digital signature', 'key encipherment'].includes(usage))
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth'
}
