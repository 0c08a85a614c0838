import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'

/** Whether a request has the condition, whatever its status says: decisions are never taken back. */
export function isDecided({ status }: CertificateSigningRequest, type: 'Approved' | 'Denied'): boolean {
  return status?.conditions?.some((one) => one.type === type) === true
}

export function isTrue({ status }: CertificateSigningRequest, type: 'Approved' | 'Failed'): boolean {
  return status?.conditions?.some((one) => one.type === type && one.status === 'True') === true
}
