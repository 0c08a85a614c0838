import type { MutatingWebhook } from '../../../api/generated/admissionregistration-v1.ts'
import type { Draft } from '../../../api/draft.ts'
import { apiError } from '../../../api/meta/status.ts'
import type { KubeObject } from '../../../api/object.ts'
import { applyJsonPatch } from '../../../api/patch/json.ts'
import { decodeObject } from '../../../api/schema/decode.ts'
import { decodeCustom } from '../../custom/custom-kind.ts'
import { toStored } from '../../verbs/conversion.ts'
import { jsonEqual } from '../../verbs/equal.ts'
import { defaultsFor } from '../../verbs/kind-rules.ts'
import type { ServedResource } from '../../verbs/served-resource.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { DynamicContext } from './registrations.ts'
import { MUTATING } from './registrations.ts'
import { inVersion } from './review.ts'
import type { ReviewResponse } from './webhook.ts'
import { ask, isConcerned, webhooksOf } from './webhook.ts'

/** Asks the mutating webhooks one after another; those that want it once more where a later one changed the object. */
export async function mutateByWebhooks(context: DynamicContext, request: AdmissionRequest): Promise<void> {
  const again: MutatingWebhook[] = []
  for (const webhook of webhooksOf(request, MUTATING) as readonly MutatingWebhook[]) {
    const outcome = await mutateBy(context, request, webhook)
    if (outcome === 'changed') await repeat(context, request, again.splice(0))
    if (outcome !== 'not asked' && webhook.reinvocationPolicy === 'IfNeeded') again.push(webhook)
  }
}

async function repeat(context: DynamicContext, request: AdmissionRequest, webhooks: readonly MutatingWebhook[]) {
  for (const webhook of webhooks) await mutateBy(context, request, webhook)
}

async function mutateBy(
  context: DynamicContext,
  request: AdmissionRequest,
  webhook: MutatingWebhook,
): Promise<'not asked' | 'unchanged' | 'changed'> {
  const form = await isConcerned(context, request, webhook)
  if (form === undefined) return 'not asked'
  const response = await ask(context, request, webhook, form)
  if (response?.patch === undefined || response.patch === '' || request.operation === 'DELETE') return 'unchanged'
  const isPart = request.part !== undefined
  const before = isPart ? (request.object as KubeObject) : inVersion(form, request.object as KubeObject)
  const patched = patchedBy(webhook.name, response, before, isPart ? undefined : form)
  if (jsonEqual(patched, before)) return 'unchanged'
  replaceContent(request.object, isPart ? patched : toStored(form, patched))
  return 'changed'
}

/** Without a `form` the value is taken as it is: it is checked where it is acted on. */
function patchedBy(
  name: string,
  response: ReviewResponse,
  before: KubeObject,
  form: ServedResource | undefined,
): KubeObject {
  if (response.patchType !== 'JSONPatch') throw failure(name, `unsupported patch type "${response.patchType ?? ''}"`)
  let value: unknown
  try {
    const operations: unknown = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString())
    value = applyJsonPatch(structuredClone(before), operations as never)
  } catch (error) {
    throw failure(name, error instanceof Error ? error.message : String(error))
  }
  if (form === undefined) return value as KubeObject
  const { object } =
    form.definition === undefined ? decodeObject(form.type, value, form.schema()) : decodeCustom(form, value)
  defaultsFor(form, object)
  return object as KubeObject
}

function failure(name: string, why: string): Error {
  const message = `failed calling webhook "${name}": ${why}`
  return apiError('InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
}

/** Others hold on to the draft, so it stays the same object. */
function replaceContent(draft: Draft<KubeObject>, next: KubeObject): void {
  for (const key of Object.keys(draft)) delete (draft as unknown as Record<string, unknown>)[key]
  Object.assign(draft, structuredClone(next))
}
