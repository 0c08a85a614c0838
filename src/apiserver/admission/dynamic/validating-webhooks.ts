import type { AdmissionRequest } from '../admission.ts'
import type { DynamicContext } from './registrations.ts'
import { VALIDATING } from './registrations.ts'
import { ask, isConcerned, webhooksOf } from './webhook.ts'

/** Asks all validating webhooks at once; the first refusal, in their order, is the answer. */
export async function validateByWebhooks(context: DynamicContext, request: AdmissionRequest): Promise<void> {
  const asked = webhooksOf(request, VALIDATING).map(async (webhook) => {
    const form = await isConcerned(context, request, webhook)
    if (form !== undefined) await ask(context, request, webhook, form)
  })
  const outcomes = await Promise.allSettled(asked)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
