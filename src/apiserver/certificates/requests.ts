import type { Draft } from '../../api/draft.ts'
import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import type { UserInfo } from '../verbs/request.ts'

export const REQUESTS = 'certificatesigningrequests.certificates.k8s.io'

/** A request names who made it, whatever it says itself: approvers go by that. */
export function noteRequestor(request: Draft<CertificateSigningRequest>, { name, uid, groups, extra }: UserInfo): void {
  const { username: _, uid: __, groups: ___, extra: ____, ...asked } = request.spec
  const details = Object.entries(extra ?? {}).map(([key, values]) => [key, [...values]] as [string, string[]])
  request.spec = {
    ...asked,
    username: name,
    ...(uid !== undefined && uid !== '' && { uid }),
    groups: [...groups],
    ...(details.length > 0 && { extra: Object.fromEntries(details) }),
  }
}
