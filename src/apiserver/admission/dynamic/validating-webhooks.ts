import type { ValidatingWebhook } from '../../../api/generated/admissionregistration-v1.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { DynamicContext } from './registrations.ts'
import { VALIDATING } from './registrations.ts'
import { ask, isConcerned, webhooksOf } from './webhook.ts'

/** Asks all validating webhooks that are concerned at once; the first refusal, in their order, is the answer. */
export async function validateByWebhooks(context: DynamicContext, request: AdmissionRequest): Promise<void> {
  const concerned = []
  for (const { webhook } of webhooksOf<ValidatingWebhook>(request, VALIDATING)) {
    const form = await isConcerned(context, request, webhook)
    if (form !== undefined) concerned.push({ webhook, form })
  }
  const asked = concerned.map(({ webhook, form }, i) => {
    const failedOpen = `failed-open.validating.webhook.admission.k8s.io/round_0_index_${i}`
    return ask(context, request, webhook, form, { mutating: false, failedOpen })
  })
  const outcomes = await Promise.allSettled(asked)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
