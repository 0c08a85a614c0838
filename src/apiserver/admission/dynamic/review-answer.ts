import type { Status } from '../../../api/generated/meta-v1.ts'

/** What a webhook answers. */
export interface ReviewResponse {
  readonly uid?: string
  readonly allowed?: boolean
  readonly status?: Status
  /** In base64. */
  readonly patch?: string
  readonly patchType?: string
  readonly warnings?: readonly string[]
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly apiVersion?: string
  readonly kind?: string
  readonly response?: ReviewResponse | null
}

/** What was asked, as far as the answer must fit it. */
interface Asked {
  readonly uid: string
  readonly version: string
  readonly mutating: boolean
}

/** The response of an answer that fits; throws what is wrong with any other, in Kubernetes' words. */
export function verified(answer: Answer, asked: Asked): ReviewResponse {
  checkKind(answer, asked)
  const { response } = answer
  if (response === undefined || response === null) throw invalid('webhook response was absent')
  // The older version of reviews neither repeats their id nor says how a patch is to be read.
  if (asked.version === 'v1beta1') {
    const { patch, patchType: _, ...rest } = response
    return asked.mutating && patch ? { ...rest, patch, patchType: 'JSONPatch' } : rest
  }
  if (response.uid !== asked.uid) {
    throw invalid(`expected response.uid="${asked.uid}", got "${response.uid ?? ''}"`)
  }
  const { apiVersion = '', kind = '' } = answer
  if (apiVersion === '' || kind === '') {
    throw invalid('expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=')
  }
  checkPatch(response, asked.mutating)
  return response
}

const KNOWN = ['admission.k8s.io/v1 AdmissionReview', 'admission.k8s.io/v1beta1 AdmissionReview', 'v1 Status']

/** What is of another kind that Kubernetes' client knows cannot be made a review; what it does not know it cannot read. */
function checkKind({ apiVersion = '', kind = '' }: Answer, { version }: Asked): void {
  if (apiVersion === '' && kind === '') return
  if (apiVersion === `admission.k8s.io/${version}` && kind === 'AdmissionReview') return
  const found = apiVersion.slice(apiVersion.indexOf('/') + 1)
  throw new Error(
    KNOWN.includes(`${apiVersion} ${kind}`)
      ? `failed to call webhook: converting (${found}.${kind}) to (${version}.AdmissionReview): unknown conversion`
      : `failed to call webhook: no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:110"`,
  )
}

function checkPatch({ patch = '', patchType }: ReviewResponse, mutating: boolean): void {
  if (!mutating) {
    if (patch !== '') throw invalid('validating webhook may not return response.patch')
    if (patchType !== undefined) throw invalid('validating webhook may not return response.patchType')
    return
  }
  if (patch !== '' && patchType === undefined) {
    throw invalid('webhook returned response.patch but not response.patchType')
  }
  if (patch === '' && patchType !== undefined) {
    throw invalid('webhook returned response.patchType but not response.patch')
  }
  if (patchType === '') throw invalid('webhook returned invalid response.patchType of ""')
}

const invalid = (why: string) => new Error(`received invalid webhook response: ${why}`)
