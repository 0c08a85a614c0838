import type { MutatingWebhook } from '../../../api/generated/admissionregistration-v1.ts'
import { invalid, notSupported, required } from '../../../api/meta/field-error.ts'
import type { FieldError } from '../../../api/meta/field-error.ts'
import { dns1035LabelProblems, dnsSubdomainProblems } from '../../../api/meta/names.ts'
import { validateLabelSelector } from '../../../api/validation/label-selector.ts'
import { named } from '../../../api/validation/object-meta.ts'
import { validateWebhookService, validateWebhookUrl } from '../../../api/validation/webhook-client.ts'
import type { Webhook } from './webhook.ts'

export const FAILURE_POLICIES = ['Fail', 'Ignore']
export const MATCH_POLICIES = ['Equivalent', 'Exact']
const REVIEW_VERSIONS = ['v1', 'v1beta1']
const SIDE_EFFECTS = ['None', 'NoneOnDryRun']

/** What is wrong with a webhook but for its rules and conditions. */
export function validateWebhook(webhook: Webhook, at: string): FieldError[] {
  const { sideEffects, timeoutSeconds = 10, clientConfig } = webhook
  const errors = [...validateName(webhook.name, `${at}.name`), ...validateReviews(webhook, at)]
  const oneOf = (field: string, value: string | undefined, supported: readonly string[]) => {
    if (value !== undefined && !supported.includes(value)) errors.push(notSupported(`${at}.${field}`, value, supported))
  }
  oneOf('failurePolicy', webhook.failurePolicy, FAILURE_POLICIES)
  oneOf('matchPolicy', webhook.matchPolicy, MATCH_POLICIES)
  oneOf('reinvocationPolicy', (webhook as MutatingWebhook).reinvocationPolicy, ['IfNeeded', 'Never'])
  if (sideEffects === undefined || sideEffects === null) {
    errors.push(required(`${at}.sideEffects`, `must specify one of ${SIDE_EFFECTS.join(', ')}`))
  } else oneOf('sideEffects', sideEffects, SIDE_EFFECTS)
  if (timeoutSeconds < 1 || timeoutSeconds > 30) {
    const detail = 'the timeout value must be between 1 and 30 seconds'
    errors.push(invalid(`${at}.timeoutSeconds`, timeoutSeconds, detail))
  }
  errors.push(...validateLabelSelector(webhook.namespaceSelector, `${at}.namespaceSelector`))
  errors.push(...validateLabelSelector(webhook.objectSelector, `${at}.objectSelector`))
  const { url, service } = clientConfig ?? {}
  if ((url === undefined) === (service === undefined)) {
    errors.push(required(`${at}.clientConfig`, 'exactly one of url or service is required'))
  } else if (url !== undefined) errors.push(...validateWebhookUrl(url, `${at}.clientConfig.url`))
  else if (service !== undefined) errors.push(...validateWebhookService(service, `${at}.clientConfig.service`))
  return errors
}

function validateName(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)]
  const problems = dnsSubdomainProblems(name)
  if (problems.length > 0) return [invalid(path, name, problems.join(','))]
  if (name.split('.').length >= 3) return []
  return [invalid(path, name, 'should be a domain with at least three segments separated by dots')]
}

function validateReviews({ admissionReviewVersions }: Webhook, at: string): FieldError[] {
  const versions = admissionReviewVersions ?? []
  const path = `${at}.admissionReviewVersions`
  const known = REVIEW_VERSIONS.join(', ')
  if (versions.length === 0) return [required(path, `must specify one of ${known}`)]
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [invalid(`${path}[${i}]`, version, 'duplicate version')]
      : named(`${path}[${i}]`, version, dns1035LabelProblems(version)),
  )
  if (versions.some((version) => REVIEW_VERSIONS.includes(version))) return errors
  return [...errors, invalid(path, versions, `must include at least one of ${known}`)]
}
