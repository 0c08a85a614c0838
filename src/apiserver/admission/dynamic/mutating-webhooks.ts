import type { MutatingWebhook } from '../../../api/generated/admissionregistration-v1.ts'
import type { Draft } from '../../../api/draft.ts'
import { ApiError } from '../../../api/meta/status.ts'
import type { KubeObject } from '../../../api/object.ts'
import { applyJsonPatch } from '../../../api/patch/json.ts'
import { decodeObject } from '../../../api/schema/decode.ts'
import { carryEmpties } from '../../../api/schema/empty-values.ts'
import { annotate } from '../../audit/audit-notes.ts'
import { decodeCustom } from '../../custom/custom-kind.ts'
import { toStored } from '../../verbs/conversion.ts'
import { jsonEqual } from '../../verbs/equal.ts'
import { defaultsFor } from '../../verbs/kind-rules.ts'
import type { ServedResource } from '../../verbs/served-resource.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { DynamicContext } from './registrations.ts'
import { MUTATING } from './registrations.ts'
import { inVersion } from './review.ts'
import type { ReviewResponse } from './review-answer.ts'
import type { Configured } from './webhook.ts'
import { ask, ignoreOrThrow, internal, isConcerned, webhooksOf } from './webhook.ts'

type Hook = Configured<MutatingWebhook>

/**
 * Asks the mutating webhooks one after another. Where one changed the object there is a second round: the server's own
 * plugins look again (`again`), then those webhooks that want it and were asked before a change.
 */
export async function mutateByWebhooks(
  context: DynamicContext,
  request: AdmissionRequest,
  again: () => void,
): Promise<void> {
  const hooks = webhooksOf<MutatingWebhook>(request, MUTATING)
  const first = await round(context, request, hooks, 0)
  if (!first.changed) return
  const before = structuredClone(request.object)
  again()
  const repeated = new Set(first.repeated)
  if (!jsonEqual(before, request.object)) for (const hook of first.waiting) repeated.add(hook)
  await round(context, request, hooks, 1, repeated)
}

/** What a round leaves for the next: who was asked before a change, and who has seen the object as it is now. */
interface Round {
  readonly changed: boolean
  readonly repeated: ReadonlySet<Hook>
  readonly waiting: ReadonlySet<Hook>
}

async function round(
  context: DynamicContext,
  request: AdmissionRequest,
  hooks: readonly Hook[],
  number: 0 | 1,
  only?: Set<Hook>,
): Promise<Round> {
  let changed = false
  const repeated = new Set(only)
  let waiting = new Set<Hook>()
  for (const [i, hook] of hooks.entries()) {
    const form = await isConcerned(context, request, hook.webhook)
    if (form === undefined || (only !== undefined && !repeated.has(hook))) continue
    if (await mutateBy(context, request, hook, form, `round_${number}_index_${i}`)) {
      changed = true
      for (const one of waiting) repeated.add(one)
      waiting = new Set()
    }
    if (hook.webhook.reinvocationPolicy === 'IfNeeded') waiting.add(hook)
  }
  return { changed, repeated, waiting }
}

/** Whether the webhook changed the object. */
async function mutateBy(
  context: DynamicContext,
  request: AdmissionRequest,
  { webhook, configuration }: Hook,
  form: ServedResource,
  place: string,
): Promise<boolean> {
  const failedOpen = `failed-open.mutation.webhook.admission.k8s.io/${place}`
  let mutated = false
  try {
    const response = await ask(context, request, webhook, form, { mutating: true, failedOpen })
    if (response?.patch === undefined || response.patch === '') return false
    const operations = operationsOf(context, request, webhook, response, failedOpen)
    if (operations === undefined || operations.length === 0) return false
    mutated = applyTo(request, webhook, form, operations)
    return mutated
  } finally {
    const value = { configuration, webhook: webhook.name, mutated }
    annotate(request.notes, `mutation.webhook.admission.k8s.io/${place}`, JSON.stringify(value))
  }
}

/** A patch that cannot be read is as if the webhook had not been reached; one that does not apply is not. */
function operationsOf(
  context: DynamicContext,
  request: AdmissionRequest,
  webhook: MutatingWebhook,
  { patch = '', patchType = '' }: ReviewResponse,
  failedOpen: string,
): readonly unknown[] | undefined {
  const unreadable = (why: string) => ignoreOrThrow(context, request, webhook, new Error(why), failedOpen)
  let operations: unknown
  try {
    operations = JSON.parse(Buffer.from(patch, 'base64').toString())
  } catch {
    return unreadable('received undecodable patch in webhook response: unexpected end of JSON input')
  }
  if (!Array.isArray(operations)) {
    const why = 'json: cannot unmarshal object into Go value of type jsonpatch.Patch'
    return unreadable(`received undecodable patch in webhook response: ${why}`)
  }
  if (patchType !== 'JSONPatch' && operations.length > 0) return unreadable(`unsupported patch type "${patchType}"`)
  return operations as readonly unknown[]
}

function applyTo(
  request: AdmissionRequest,
  { name }: MutatingWebhook,
  form: ServedResource,
  operations: readonly unknown[],
): boolean {
  if (request.operation === 'DELETE') {
    const why = 'attempted to modify the object, which is not supported for this operation'
    throw internal(`admission webhook "${name}" ${why}`)
  }
  const isPart = request.part !== undefined
  const before = isPart ? (request.object as KubeObject) : inVersion(form, request.object as KubeObject)
  const patched = patchedBy(before, operations, isPart ? undefined : form)
  if (jsonEqual(patched, before)) return false
  const next = isPart ? patched : toStored(form, patched)
  replaceContent(request.object, next)
  carryEmpties(next, request.object)
  return true
}

/** Without a `form` the value is taken as it is: it is checked where it is acted on. */
function patchedBy(before: KubeObject, operations: readonly unknown[], form: ServedResource | undefined): KubeObject {
  try {
    const value = applyJsonPatch(structuredClone(before), operations as never)
    if (form === undefined) return value as KubeObject
    const { object } =
      form.definition === undefined ? decodeObject(form.type, value, form.schema()) : decodeCustom(form, value)
    defaultsFor(form, object)
    return object as KubeObject
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const why = error.cause instanceof Error ? error.cause.message : error.message
    throw internal(why.replace(/^\S+ in version "\S+" cannot be handled as a \S+: /, ''))
  }
}

/** Others hold on to the draft, so it stays the same object. */
function replaceContent(draft: Draft<KubeObject>, next: KubeObject): void {
  for (const key of Object.keys(draft)) delete (draft as unknown as Record<string, unknown>)[key]
  Object.assign(draft, structuredClone(next))
}
