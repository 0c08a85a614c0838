import { X509Certificate } from 'node:crypto'
import type { FieldError } from '../../api/meta/field-error.ts'
import { forbidden, invalid, notSupported, required } from '../../api/meta/field-error.ts'
import { dns1035LabelProblems } from '../../api/meta/names.ts'
import { validateWebhookService, validateWebhookUrl } from '../../api/validation/webhook-client.ts'

/** How a definition's objects are converted between its versions. */
export interface Conversion {
  readonly strategy?: string
  readonly webhook?: {
    readonly clientConfig?: {
      readonly url?: string
      readonly service?: { readonly name?: string; readonly namespace?: string }
      readonly caBundle?: string
    }
    readonly conversionReviewVersions?: readonly string[]
  }
}

const PATH = 'spec.conversion'
const REVIEW_VERSIONS = ['v1', 'v1beta1']

/** validateCustomResourceConversion; a bundle that is none is let be until the definition is served. */
export function validateConversion(
  { strategy = '', webhook }: Conversion,
  { checksBundle, knowsVersion }: { readonly checksBundle: boolean; readonly knowsVersion: boolean },
): FieldError[] {
  const errors: FieldError[] = []
  if (strategy === '') errors.push(required(`${PATH}.strategy`))
  else if (!['None', 'Webhook'].includes(strategy)) {
    errors.push(notSupported(`${PATH}.strategy`, strategy, ['None', 'Webhook']))
  }
  const { clientConfig: client, conversionReviewVersions: versions } = webhook ?? {}
  const [at, versionsAt] = [`${PATH}.webhookClientConfig`, `${PATH}.conversionReviewVersions`]
  if (strategy !== 'Webhook') {
    const detail = 'should not be set when strategy is not set to Webhook'
    if (client !== undefined) errors.push(forbidden(at, detail))
    if ((versions ?? []).length > 0) errors.push(forbidden(versionsAt, detail))
    return errors
  }
  if (client === undefined) errors.push(required(at, 'required when strategy is set to Webhook'))
  else errors.push(...clientErrors(client, at, checksBundle))
  return [...errors, ...versionErrors(versions ?? [], versionsAt, knowsVersion)]
}

type Client = NonNullable<NonNullable<Conversion['webhook']>['clientConfig']>

function clientErrors({ url, service, caBundle = '' }: Client, at: string, checksBundle: boolean): FieldError[] {
  const errors: FieldError[] = []
  if ((url === undefined) === (service === undefined)) {
    errors.push(required(at, 'exactly one of url or service is required'))
  } else if (url !== undefined) errors.push(...validateWebhookUrl(url, `${at}.url`))
  else if (service !== undefined) errors.push(...validateWebhookService(service, `${at}.service`))
  if (checksBundle && caBundle !== '' && !isBundle(caBundle)) {
    const detail = 'unable to load root certificates: unable to parse bytes as PEM block'
    errors.push(invalid(`${at}.caBundle`, caBundle, detail))
  }
  return errors
}

/** Whether a text of base64 holds a certificate. */
export function isBundle(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).subject !== undefined
  } catch {
    return false
  }
}

function versionErrors(versions: readonly string[], path: string, knowsVersion: boolean): FieldError[] {
  if (versions.length === 0) return [required(path)]
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [invalid(`${path}[${i}]`, version, 'duplicate version')]
      : dns1035LabelProblems(version).map((problem) => invalid(`${path}[${i}]`, version, problem)),
  )
  if (!knowsVersion || hasKnownVersion(versions)) return errors
  return [...errors, invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`)]
}

export const hasKnownVersion = (versions: readonly string[]): boolean =>
  versions.some((version) => REVIEW_VERSIONS.includes(version))
