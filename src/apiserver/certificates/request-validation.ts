import { X509Certificate } from 'node:crypto'
import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../../api/meta/field-error.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { semanticallyEqual } from '../../api/meta/equal.ts'
import { dnsLabelProblems, dnsSubdomainProblems } from '../../api/meta/names.ts'
import { readSigningRequest, SigningRequestError } from '../../identity/signing-request.ts'

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]
const SHORTEST_SECONDS = 600
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown'

/** What is wrong with a request for a certificate, and with what its status says. */
export function validateRequest({ spec, status }: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = []
  const problem = requestProblem(spec.request)
  if (problem !== undefined) errors.push(invalid('spec.request', bytesOf(spec.request), problem))
  const usages = spec.usages ?? []
  if (usages.length === 0) errors.push(required('spec.usages'))
  usages.forEach((usage, i) => {
    if (!USAGES.includes(usage)) errors.push(notSupported(`spec.usages[${i}]`, usage, USAGES))
  })
  usages.forEach((usage, i) => {
    if (usages.indexOf(usage) < i) errors.push(duplicate(`spec.usages[${i}]`, usage))
  })
  if (spec.signerName === LEGACY_SIGNER) {
    const detail = 'the legacy signerName is not allowed via this API version'
    errors.push(invalid('spec.signerName', spec.signerName, detail))
  } else errors.push(...signerErrors(spec.signerName))
  const { expirationSeconds } = spec
  if (expirationSeconds !== undefined && expirationSeconds < SHORTEST_SECONDS) {
    const detail = 'may not specify a duration less than 600 seconds (10 minutes)'
    errors.push(invalid('spec.expirationSeconds', expirationSeconds, detail))
  }
  errors.push(...conditionErrors(status?.conditions ?? []))
  const wrong = certificateProblem(status?.certificate ?? '')
  if (wrong !== undefined) errors.push(invalid('status.certificate', '<certificate data>', wrong))
  return errors
}

function requestProblem(request: string): string | undefined {
  try {
    readSigningRequest(Buffer.from(request ?? '', 'base64').toString())
    return undefined
  } catch (error) {
    if (error instanceof SigningRequestError) return error.message
    throw error
  }
}

/** Bytes are shown as JSON shows them. */
const bytesOf = (text: string | undefined) => (text === undefined || text === '' ? null : text)

function signerErrors(name: string): FieldError[] {
  const field = 'spec.signerName'
  if (name === undefined || name === '') return [required(field)]
  const [domain = '', path = '', ...more] = name.split('/')
  if (!name.includes('/') || more.length > 0) {
    return [invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
  }
  const problems = (whole: string, part: string, found: readonly string[]) =>
    found.map((problem) => invalid(field, whole, `validating label ${JSON.stringify(part)}: ${problem}`))
  const labels = domain.split('.')
  const errors = labels.flatMap((label) => problems(domain, label, dnsLabelProblems(label)))
  if (labels.length < 2) {
    errors.push(invalid(field, domain, 'should be a domain with at least two segments separated by dots'))
  }
  return [...errors, ...path.split('.').flatMap((label) => problems(path, label, dnsSubdomainProblems(label)))]
}

type Conditions = NonNullable<NonNullable<CertificateSigningRequest['status']>['conditions']>

const FINAL = ['Approved', 'Denied', 'Failed']
const CONDITIONS = 'status.conditions'

function conditionErrors(conditions: Conditions): FieldError[] {
  const seen = new Set<string>()
  return conditions.flatMap(({ type, status }, i) => {
    const at = `${CONDITIONS}[${i}]`
    const errors = type === '' ? [required(`${at}.type`)] : []
    const allowed = FINAL.includes(type) ? ['True'] : ['False', 'True', 'Unknown']
    if (status === '') errors.push(required(`${at}.status`))
    else if (!allowed.includes(status)) errors.push(notSupported(`${at}.status`, status, allowed))
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined
    if (opposite !== undefined && seen.has(opposite)) {
      errors.push(invalid(CONDITIONS, type, 'Approved and Denied conditions are mutually exclusive'))
    }
    if (seen.has(type)) errors.push(duplicate(`${at}.type`, type))
    seen.add(type)
    return errors
  })
}

function certificateProblem(certificate: string): string | undefined {
  if (certificate === '') return undefined
  const text = Buffer.from(certificate, 'base64').toString()
  const blocks = text.match(/-----BEGIN ([^-]+)-----[^-]*-----END \1-----/g) ?? []
  for (const block of blocks) {
    const label = /BEGIN ([^-]+)-/.exec(block)?.[1] ?? ''
    if (label !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(label)}`
    if (!isCertificate(block)) return 'x509: malformed certificate'
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** What an update may not do: decisions stay, and each subresource writes its own part alone. */
export function validateRequestUpdate(
  { status }: CertificateSigningRequest,
  old: CertificateSigningRequest,
  subresource: string | undefined,
): FieldError[] {
  const errors: FieldError[] = []
  const of = (conditions: Conditions | undefined, type: string) => (conditions ?? []).filter((one) => one.type === type)
  for (const type of FINAL) {
    if (of(status?.conditions, type).length < of(old.status?.conditions, type).length) {
      errors.push(forbidden(CONDITIONS, `updates may not remove a condition of type ${JSON.stringify(type)}`))
    }
  }
  for (const type of subresource === 'approval' ? [] : ['Approved', 'Denied']) {
    const [now, before] = [of(status?.conditions, type), of(old.status?.conditions, type)]
    const what = now.length > before.length ? 'add' : semanticallyEqual(now, before) ? undefined : 'modify'
    if (what === undefined || now.length < before.length) continue
    errors.push(forbidden(CONDITIONS, `updates may not ${what} a condition of type ${JSON.stringify(type)}`))
  }
  const [certificate = '', before = ''] = [status?.certificate, old.status?.certificate]
  if (certificate === before) return errors
  if (subresource !== 'status') errors.push(forbidden('status.certificate', 'updates may not set certificate content'))
  else if (before !== '') {
    errors.push(forbidden('status.certificate', 'updates may not modify existing certificate content'))
  }
  return errors
}
