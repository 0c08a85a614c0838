import type { MutatingWebhook, ValidatingWebhook } from '../../../api/generated/admissionregistration-v1.ts'
import type { Status } from '../../../api/generated/meta-v1.ts'
import { apiError, ApiError } from '../../../api/meta/status.ts'
import type { KubeObject } from '../../../api/object.ts'
import { loadExpressions } from '../../custom/expression-engine.ts'
import { forbidden } from '../../verbs/failure.ts'
import type { ServedResource } from '../../verbs/served-resource.ts'
import { callWebhook } from '../../webhook/call-webhook.ts'
import type { AdmissionRequest } from '../admission.ts'
import { annotate } from '../../audit/audit-notes.ts'
import { verified } from './review-answer.ts'
import type { Answer, ReviewResponse } from './review-answer.ts'
import { admissionValues, conditionsHold } from './admission-expressions.ts'
import type { DynamicContext } from './registrations.ts'
import { reviewRequest } from './review.ts'
import { concernedVersion } from './rule-match.ts'

export type Webhook = MutatingWebhook | ValidatingWebhook

const REVIEW_VERSIONS = ['v1', 'v1beta1']

/** A webhook, and the configuration that has it. */
export interface Configured<T extends Webhook = Webhook> {
  readonly configuration: string
  readonly webhook: T
}

/** All webhooks of a kind of configuration, ordered by its name. */
export function webhooksOf<T extends Webhook>(
  request: AdmissionRequest,
  configurations: string,
): readonly Configured<T>[] {
  return [...request.head.list(configurations)].flatMap(({ object }) => {
    const { webhooks = [], metadata } = object as KubeObject & { readonly webhooks?: readonly T[] }
    return webhooks.map((webhook) => ({ configuration: metadata.name ?? '', webhook }))
  })
}

/** The version in which a webhook is to be asked of a request; undefined where it is not. */
export async function isConcerned(
  context: DynamicContext,
  request: AdmissionRequest,
  webhook: Webhook,
): Promise<ServedResource | undefined> {
  const { rules = [], matchPolicy, namespaceSelector, objectSelector, matchConditions = [] } = webhook
  const constraints = { rules, matchPolicy, namespaceSelector, objectSelector }
  const form = concernedVersion(context.catalog, request, constraints)
  if (form === undefined || matchConditions.length === 0) return form
  await loadExpressions()
  const outcome = conditionsHold(matchConditions, admissionValues(context, request, form))
  if (typeof outcome === 'boolean') return outcome ? form : undefined
  if (webhook.failurePolicy === 'Ignore') return undefined
  throw forbidden(request.resource.type, request.name, outcome)
}

/** How a webhook is asked. */
export interface Asking {
  readonly mutating: boolean
  /** The key of the audit event's annotation that says that a webhook which could not be asked was passed over. */
  readonly failedOpen: string
}

/** Asks a webhook. Undefined where it cannot be asked and that is to be ignored; throws what it refuses. */
export async function ask(
  context: DynamicContext,
  request: AdmissionRequest,
  webhook: Webhook,
  form: ServedResource,
  asking: Asking,
): Promise<ReviewResponse | undefined> {
  refuseDryRun(request, webhook)
  const response = await answerOf(context, request, webhook, form, asking)
  if (response === undefined) return undefined
  for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) {
    annotate(request.notes, `${webhook.name}/${key}`, value)
  }
  response.warnings?.forEach((text) => request.warn(text))
  if (response.allowed === true) return response
  throw denied(webhook.name, response.status)
}

function refuseDryRun({ dryRun }: AdmissionRequest, { name, sideEffects }: Webhook): void {
  if (!dryRun || sideEffects === 'None' || sideEffects === 'NoneOnDryRun') return
  throw apiError('BadRequest', `admission webhook "${name}" does not support dry run`, {})
}

async function answerOf(
  context: DynamicContext,
  request: AdmissionRequest,
  webhook: Webhook,
  form: ServedResource,
  { mutating, failedOpen }: Asking,
): Promise<ReviewResponse | undefined> {
  const { clientConfig, timeoutSeconds = 10, admissionReviewVersions } = webhook
  const uid = context.environment.random.uuid()
  const version = admissionReviewVersions.find((one) => REVIEW_VERSIONS.includes(one)) ?? 'v1'
  const review = {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: reviewRequest(request, form, uid),
  }
  try {
    const call = {
      clientConfig,
      timeoutMs: timeoutSeconds * 1000,
      head: request.head,
      environment: context.environment,
    }
    return verified((await callWebhook(call, review)) as Answer, { uid, version, mutating })
  } catch (error) {
    return ignoreOrThrow(context, request, webhook, error, failedOpen)
  }
}

/** Of a webhook that could not be asked, or gave an answer that says nothing. */
export function ignoreOrThrow(
  context: DynamicContext,
  request: AdmissionRequest,
  { name, failurePolicy }: Webhook,
  error: unknown,
  failedOpen: string,
): undefined {
  const why = error instanceof Error ? error.message : String(error)
  if (failurePolicy !== 'Ignore') throw internal(`failed calling webhook "${name}": ${why}`)
  annotate(request.notes, failedOpen, name)
  context.environment.log.warn('Cannot ask an admission webhook; it is ignored', { webhook: name, why })
  return undefined
}

/** A failure of what was asked, which is the server's to its client. */
export function internal(message: string): ApiError {
  return apiError('InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
}

/** The refusal as Kubernetes tells it: with the webhook's own code and reason. */
function denied(name: string, status: Status = {} as Status): ApiError {
  const by = `admission webhook "${name}" denied the request`
  const why = status.message || status.reason
  return new ApiError({
    ...status,
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: why ? `${by}: ${why}` : `${by} without explanation`,
    code: Math.max(400, status.code ?? 0),
  })
}
