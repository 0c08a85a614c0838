import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import { certificateSigningRequests } from '../../api/generated/resources.ts'
import { formatTime } from '../../env/clock.ts'
import type { Authority } from '../../identity/authority.ts'
import { readSigningRequest } from '../../identity/signing-request.ts'
import type { SigningRequest } from '../../identity/signing-request.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'

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
  const has = (type: string) => status?.conditions?.some((one) => one.type === type && one.status === 'True') === true
  if (request === undefined || spec === undefined || status?.certificate || !has('Approved') || has('Failed'))
    return SETTLED
  const check = CHECKS[spec.signerName]
  if (check === undefined) return SETTLED
  const parsed = readSigningRequest(Buffer.from(spec.request, 'base64').toString())
  const usages = spec.usages ?? []
  const problem = check(parsed, usages)
  const seconds = Math.max(SHORTEST_SECONDS, Math.min(spec.expirationSeconds ?? LONGEST_SECONDS, LONGEST_SECONDS))
  const result =
    problem === undefined
      ? { certificate: toBase64(authority.sign({ ...parsed, usage: usageOf(usages), seconds })) }
      : { conditions: [...(status?.conditions ?? []), failure(problem, nowMs)] }
  const object: CertificateSigningRequest = { ...request, status: { ...status, ...result } }
  return { changes: [{ verb: 'update', type: certificateSigningRequests, object, subresource: 'status' }] }
}

const toBase64 = (text: string) => Buffer.from(text).toString('base64')

function failure(message: string, nowMs: number) {
  const reason = 'SignerValidationFailure'
  return { type: 'Failed', status: 'True', reason, message, lastUpdateTime: formatTime(nowMs) } as const
}

function usageOf(usages: readonly string[]): 'server' | 'client' | 'peer' {
  if (!usages.includes('server auth')) return 'client'
  return usages.includes('client auth') ? 'peer' : 'server'
}

/** What each signer asks of a request; a text says what is wrong. */
const CHECKS: Readonly<Record<string, (request: SigningRequest, usages: readonly string[]) => string | undefined>> = {
  [CLIENT]: (_, usages) => usageProblem(usages, 'client'),
  [KUBELET_CLIENT]: ({ subject, hosts }, usages) => {
    if (hosts.length > 0) return 'DNS or IP subjectAltNames are not allowed'
    return nodeProblem(subject) ?? usageProblem(usages, 'client')
  },
  [KUBELET_SERVING]: ({ subject, hosts }, usages) => {
    if (hosts.length === 0) return 'at least one of DNS or IP subjectAltName is required'
    return nodeProblem(subject) ?? usageProblem(usages, 'server')
  },
}

function nodeProblem({ commonName, organizations = [] }: SigningRequest['subject']): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes') {
    return `subject organization is not system:nodes`
  }
  return commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:'
}

function usageProblem(usages: readonly string[], kind: 'client' | 'server'): string | undefined {
  const needed = `${kind} auth`
  const wrong = usages.find((usage) => ![needed, 'digital signature', 'key encipherment'].includes(usage))
  if (wrong !== undefined) return `invalid usage for ${kind} certificate: ${wrong}`
  return usages.includes(needed) ? undefined : `missing required usage for ${kind} certificate: ${needed}`
}
