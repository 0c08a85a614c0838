import type { MutatingWebhook, ValidatingWebhook } from '../../../api/generated/admissionregistration-v1.ts'
import type { Status } from '../../../api/generated/meta-v1.ts'
import { apiError, ApiError } from '../../../api/meta/status.ts'
import type { KubeObject } from '../../../api/object.ts'
import { loadExpressions } from '../../custom/expression-engine.ts'
import { forbidden } from '../../verbs/failure.ts'
import type { ServedResource } from '../../verbs/served-resource.ts'
import { callWebhook } from '../../webhook/call-webhook.ts'
import type { AdmissionRequest } from '../admission.ts'
import { admissionValues, conditionsHold } from './admission-expressions.ts'
import type { DynamicContext } from './registrations.ts'
import { reviewRequest } from './review.ts'
import { concernedVersion } from './rule-match.ts'

export type Webhook = MutatingWebhook | ValidatingWebhook

/** What a webhook answers. */
export interface ReviewResponse {
  readonly uid?: string
  readonly allowed?: boolean
  readonly status?: Status
  readonly patch?: string
  readonly patchType?: string
  readonly warnings?: readonly string[]
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

/** All webhooks of a kind of configuration, ordered by its name. */
export function webhooksOf(request: AdmissionRequest, configurations: string): readonly Webhook[] {
  return [...request.head.list(configurations)].flatMap(
    ({ object }) => (object as KubeObject & { readonly webhooks?: readonly Webhook[] }).webhooks ?? [],
  )
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

/** Asks a webhook. Undefined where it cannot be asked and that is to be ignored; throws what it refuses. */
export async function ask(
  context: DynamicContext,
  request: AdmissionRequest,
  webhook: Webhook,
  form: ServedResource,
): Promise<ReviewResponse | undefined> {
  refuseDryRun(request, webhook)
  const response = await answerOf(context, request, webhook, form)
  if (response === undefined) return undefined
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
): Promise<ReviewResponse | undefined> {
  const { name, clientConfig, failurePolicy, timeoutSeconds = 10 } = webhook
  const uid = context.environment.random.uuid()
  const review = {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: reviewRequest(request, form, uid),
  }
  try {
    const call = {
      clientConfig,
      timeoutMs: timeoutSeconds * 1000,
      head: request.head,
      environment: context.environment,
    }
    const answer = (await callWebhook(call, review)) as { readonly response?: ReviewResponse; readonly kind?: string }
    if (answer.response === undefined) throw new Error('webhook response was absent')
    if (answer.response.uid !== uid) {
      throw new Error(`expected response.uid="${uid}", got "${answer.response.uid ?? ''}"`)
    }
    return answer.response
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    if (failurePolicy === 'Ignore') {
      context.environment.log.warn('Cannot ask an admission webhook; it is ignored', { webhook: name, why })
      return undefined
    }
    const message = `failed calling webhook "${name}": ${why}`
    throw apiError('InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
  }
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
