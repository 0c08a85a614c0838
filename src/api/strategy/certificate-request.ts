import type { Draft } from '../draft.ts'
import type { CertificateSigningRequest } from '../generated/certificates-v1.ts'

/** Nothing changes what was asked for; approvals write conditions, signers the certificate and conditions of their own. */
export function updateRequest(
  request: Draft<CertificateSigningRequest>,
  old: CertificateSigningRequest,
  subresource: string | undefined,
  now: string,
): void {
  request.spec = old.spec as Draft<CertificateSigningRequest>['spec']
  if (subresource === undefined) return
  const status = (request.status ??= {})
  if (subresource === 'approval') {
    const { certificate } = old.status ?? {}
    if (certificate === undefined) delete status.certificate
    else status.certificate = certificate
  } else {
    keepConditions(request, old, 'Approved')
    keepConditions(request, old, 'Denied')
  }
  for (const condition of status.conditions ?? []) {
    condition.lastUpdateTime ??= now
    const before = old.status?.conditions?.find(
      ({ type, status: state }) => type === condition.type && state === condition.status,
    )
    condition.lastTransitionTime ??= before?.lastTransitionTime ?? now
  }
}

/** Whoever signs leaves approvals as they are, as long as there are as many. */
function keepConditions(
  { status }: Draft<CertificateSigningRequest>,
  old: CertificateSigningRequest,
  type: string,
): void {
  const conditions = status?.conditions ?? []
  const places = conditions.flatMap((one, i) => (one.type === type ? [i] : []))
  const before = (old.status?.conditions ?? []).filter((one) => one.type === type)
  if (places.length !== before.length) return
  places.forEach((place, i) => (conditions[place] = { ...(before[i] as (typeof before)[number]) }))
}
