import type { Draft, JsonObject } from '../draft.ts'
import type { ObjectMeta } from '../generated/meta-v1.ts'
import { jsonEqual, semanticallyEqual } from '../meta/equal.ts'
import type { KubeObject } from '../object.ts'
import { groupResourceOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import { storedEmpties } from '../schema/empty-values.ts'
import { schemaOf } from '../schema/schema.ts'
import { writeZeros } from '../schema/decode.ts'
import { dropGatedFields } from './gated-fields.ts'
import { CREATE_RULES, UPDATE_RULES } from './kind-rules.ts'
import { strategyOf } from './strategy.ts'

/**
 * Brings a decoded and defaulted object into the state in which it is created, in place: the status is reset, the
 * generation set to 1, and what a kind derives from itself is derived (a Job's selector, a pod's QoS class).
 * `metadata.uid`, `name` and `creationTimestamp` must be set before.
 */
export function prepareForCreate(type: ResourceType, object: Draft<KubeObject>): void {
  const strategy = strategyOf(type)
  const { metadata } = object
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'] as const) delete metadata[field]
  if (strategy.startsGeneration) metadata.generation = 1
  if (strategy.resetsStatus) resetStatus(type, object)
  dropGatedFields(groupResourceOf(type), object as never)
  CREATE_RULES[groupResourceOf(type)]?.(object as never)
}

/** An empty status, with the fields that Kubernetes serves although nobody set them. */
function resetStatus(type: ResourceType, object: Draft<KubeObject>): void {
  const fields = object as unknown as JsonObject
  delete fields['status']
  const status = isCustom(type) ? undefined : schemaOf(type.definition).fields.get('status')
  if (status?.schema.kind !== 'object' || status.zero !== 'written') return
  const empty: JsonObject = {}
  writeZeros(status.schema, empty)
  fields['status'] = empty
}

const isCustom = (type: ResourceType) => !type.definition.startsWith('io.k8s.')

/**
 * Brings `object`, which is to replace `old`, into its final state, in place: metadata that only the server writes comes
 * from `old`; the part that the subresource does not write comes from `old`; the generation rises with the spec. `now` is
 * the time (RFC 3339) that kinds write which note when they were changed.
 */
export function prepareForUpdate(
  type: ResourceType,
  object: Draft<KubeObject>,
  old: KubeObject,
  subresource?: string,
  now = '',
): void {
  const strategy = strategyOf(type)
  keepServerFields(object.metadata, old.metadata)
  if (strategy.hasStatus) keepOtherPart(object as never, old as never, subresource)
  // A slice is counted as it was sent.
  const isSlice = /^(resource|endpoint)slices\./.test(groupResourceOf(type))
  const schema = isCustom(type) ? undefined : schemaOf(type.definition)
  const changes = () => {
    // What is empty is no change where it was none before, but to the kinds that take it literally.
    if (schema === undefined) return specChanged(object as never, old as never)
    if (LITERAL.has(groupResourceOf(type))) return specDiffers(object as never, old as never)
    return specChanged(storedEmpties(schema, object) as never, old as never)
  }
  const wasSent = isSlice && changes()
  dropGatedFields(groupResourceOf(type), object as never, old as never, subresource)
  UPDATE_RULES[groupResourceOf(type)]?.(object as never, old as never, subresource, now)
  // Of priority classes the first generation stays.
  const isCounted = strategy.countsGeneration && groupResourceOf(type) !== 'priorityclasses.scheduling.k8s.io'
  if (isCounted && subresource !== 'status' && (wasSent || changes())) {
    object.metadata.generation = (old.metadata.generation ?? 0) + 1
  }
}

/** What an update cannot set comes from `old`; what it may not set is left for validation to refuse. */
function keepServerFields(metadata: Draft<ObjectMeta>, old: ObjectMeta): void {
  const keep = (field: 'uid' | 'creationTimestamp' | 'deletionTimestamp' | 'generation') => {
    const value = old[field]
    if (value === undefined) delete metadata[field]
    else Object.assign(metadata, { [field]: value })
  }
  keep('generation')
  keep('creationTimestamp')
  if (!metadata.uid) keep('uid')
  if (old.deletionTimestamp !== undefined) keep('deletionTimestamp')
  if (old.deletionGracePeriodSeconds !== undefined) {
    metadata.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds
  }
  if (old.namespace !== undefined) metadata.namespace ??= old.namespace
}

/** A status update writes only status (and metadata as far as Kubernetes allows); any other leaves the status alone. */
function keepOtherPart(object: JsonObject, old: JsonObject, subresource: string | undefined): void {
  if (subresource !== 'status' && subresource !== 'approval') {
    if (old['status'] === undefined) delete object['status']
    else object['status'] = old['status']
    return
  }
  for (const key of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (['apiVersion', 'kind', 'metadata', 'status'].includes(key)) continue
    if (old[key] === undefined) delete object[key]
    else object[key] = old[key]
  }
}

const LITERAL: ReadonlySet<string> = new Set([
  'networkpolicies.networking.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
])

/** As {@link specChanged}, with what is empty told from what is not there. */
const specDiffers = (object: JsonObject, old: JsonObject): boolean =>
  ['spec', 'webhooks'].some((key) => object[key] !== old[key] && !jsonEqual(object[key], old[key]))

/** Whether anything but metadata and status differs. */
function specChanged(object: JsonObject, old: JsonObject): boolean {
  const keys = new Set([...Object.keys(object), ...Object.keys(old)])
  for (const key of ['apiVersion', 'kind', 'metadata', 'status']) keys.delete(key)
  return [...keys].some((key) => !semanticallyEqual(object[key], old[key]))
}
