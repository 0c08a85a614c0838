import type { WebhookClientConfig } from '../../api/generated/admissionregistration-v1.ts'
import { ApiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import { apiVersionOf } from '../../api/resource-type.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Environment } from '../../env/environment.ts'
import type { Snapshot } from '../../store/store.ts'
import type { Definition } from './json-schema.ts'

/** What a conversion asks whom with. */
export interface ConversionContext {
  readonly environment: Environment
  /** Where the webhook's Service is found. */
  readonly head: Snapshot
}

interface WebhookConversion {
  readonly clientConfig?: WebhookClientConfig
  readonly conversionReviewVersions?: readonly string[]
}

interface ReviewResponse {
  readonly uid?: string
  readonly convertedObjects?: readonly unknown[]
  readonly result?: { readonly status?: string; readonly message?: string }
}

/** Objects that are sent to a webhook at a time. */
const BATCH = 500
const TIMEOUT_MS = 30_000
const REVIEW_VERSIONS = ['v1', 'v1beta1']

/** The webhook that converts the objects of a definition; undefined where versions differ in their name alone. */
export function webhookOf(definition: KubeObject | undefined): WebhookConversion | undefined {
  const { conversion } = (definition as Definition | undefined)?.spec ?? {}
  return conversion?.strategy === 'Webhook' ? (conversion.webhook ?? {}) : undefined
}

/**
 * Asks a definition's webhook for `objects` in version `to`; answers in the same order. Of metadata it may change labels and
 * annotations alone. Throws what Kubernetes answers where the webhook fails: a 500 without a reason.
 */
export async function convertByWebhook(
  context: ConversionContext,
  definition: KubeObject,
  objects: readonly KubeObject[],
  to: ResourceType,
): Promise<readonly KubeObject[]> {
  const converted: KubeObject[] = []
  for (let start = 0; start < objects.length; start += BATCH) {
    converted.push(...(await convertBatch(context, definition, objects.slice(start, start + BATCH), to)))
  }
  return converted
}

async function convertBatch(
  context: ConversionContext,
  definition: KubeObject,
  objects: readonly KubeObject[],
  to: ResourceType,
): Promise<readonly KubeObject[]> {
  const first = objects[0]
  if (first === undefined) return []
  const hook = `conversion webhook for ${first.apiVersion}, Kind=${first.kind}`
  const answers = await ask(context, webhookOf(definition) ?? {}, objects, to).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw failure(`${hook} failed: ${why.replace(/^failed to call webhook: /, '')}`)
  })
  if (answers.length !== objects.length) {
    throw failure(`${hook} returned ${answers.length} objects, expected ${objects.length}`)
  }
  return objects.map((object, i) => checked(hook, object, answers[i], to))
}

async function ask(
  { environment, head }: ConversionContext,
  { clientConfig = {}, conversionReviewVersions = [] }: WebhookConversion,
  objects: readonly KubeObject[],
  to: ResourceType,
): Promise<readonly unknown[]> {
  const version = conversionReviewVersions.find((one) => REVIEW_VERSIONS.includes(one))
  if (version === undefined) throw new Error('no supported conversion review versions')
  const uid = environment.random.uuid()
  const identity = { apiVersion: `apiextensions.k8s.io/${version}`, kind: 'ConversionReview' }
  const review = { ...identity, request: { uid, desiredAPIVersion: apiVersionOf(to), objects } }
  const { callWebhook } = await import('../webhook/call-webhook.ts')
  const answer = await callWebhook({ clientConfig, timeoutMs: TIMEOUT_MS, head, environment }, review)
  return objectsOf(answer as Partial<typeof identity> & { readonly response?: ReviewResponse }, version, uid)
}

/** The older form of the review was never looked at for what it is and whom it answers. */
function objectsOf(
  answer: { readonly apiVersion?: string; readonly kind?: string; readonly response?: ReviewResponse } | null,
  version: string,
  uid: string,
): readonly unknown[] {
  const apiVersion = `apiextensions.k8s.io/${version}`
  if (version === 'v1' && (answer?.apiVersion !== apiVersion || answer.kind !== 'ConversionReview')) {
    const got = `${answer?.apiVersion ?? ''}, Kind=${answer?.kind ?? ''}`
    throw new Error(`expected webhook response of ${apiVersion}, Kind=ConversionReview, got ${got}`)
  }
  const response = answer?.response
  if (response === undefined || response === null) throw new Error('no response provided')
  if (version === 'v1' && response.uid !== uid) {
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`)
  }
  const { status = '', message = '' } = response.result ?? {}
  if (status !== 'Success') throw new Error(message || `response.result.status was '${status}', not 'Success'`)
  return response.convertedObjects ?? []
}

/** Of what a webhook answered, only what conversion may change. */
function checked(hook: string, original: KubeObject, answer: unknown, to: ResourceType): KubeObject {
  const converted = (answer ?? {}) as Partial<KubeObject>
  const expect = (what: string, expected: string | undefined, received: string | undefined) => {
    if (expected === received) return
    const problem = `invalid ${what} (expected ${expected ?? ''}, received ${received ?? ''})`
    throw failure(`${hook} returned invalid object at index 0: ${problem}`)
  }
  expect('groupVersion', apiVersionOf(to), converted.apiVersion)
  expect('kind', original.kind, converted.kind)
  const { metadata } = converted
  if (typeof metadata !== 'object' || metadata === null) {
    throw failure(`${hook} returned invalid metadata: missing metadata in converted object`)
  }
  for (const [field, words] of IDENTITY) {
    if ((metadata[field] ?? '') === (original.metadata[field] ?? '')) continue
    const values = `${original.metadata[field] ?? ''} != ${metadata[field] ?? ''}`
    throw failure(`${hook} returned invalid object: must have the same ${words}: ${values}`)
  }
  return { ...(converted as KubeObject), metadata: restoredMetadata(hook, original, metadata) }
}

const IDENTITY = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['uid', 'UID'],
] as const

function restoredMetadata(hook: string, original: KubeObject, answered: KubeObject['metadata']) {
  const { labels: _, annotations: __, ...rest } = original.metadata
  const kept: Record<string, unknown> = { ...rest }
  for (const field of ['labels', 'annotations'] as const) {
    const map: unknown = answered[field]
    if (map === undefined || map === null) continue
    if (typeof map !== 'object' || Object.values(map).some((value) => typeof value !== 'string')) {
      throw failure(
        `${hook} returned invalid metadata: invalid metadata.${field} of type ${typeof map} in converted object`,
      )
    }
    kept[field] = map
  }
  return kept as KubeObject['metadata']
}

function failure(message: string): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}
