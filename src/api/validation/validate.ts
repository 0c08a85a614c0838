import type { Surroundings } from './addresses.ts'
import { groupResourceOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsSubdomainProblems, pathSegmentProblems } from '../meta/names.ts'
import type { KubeObject } from '../object.ts'
import { validateFinalizerNames, validateMetadata, validateMetadataUpdate, validateName } from './object-meta.ts'
import { DEFAULT_STEPS, RULES } from './rules.ts'
import type { Rules } from './rules.ts'

const rulesOf = (type: ResourceType): Rules => RULES[groupResourceOf(type)] ?? {}

const ELSEWHERE: Surroundings = { podsOnLoopback: false }

/** What is wrong with an object to be created, in Kubernetes' order and words; empty where nothing is. */
export function validateCreate(
  type: ResourceType,
  object: KubeObject,
  around: Surroundings = ELSEWHERE,
): readonly FieldError[] {
  const rules = rulesOf(type)
  const isNameless = NAMELESS.has(groupResourceOf(type))
  const errors = isNameless ? [] : ownMetadata(type, object, rules)
  errors.push(...(rules.before?.(object as never) ?? []))
  errors.push(...(rules.always?.(object as never, around) ?? []))
  errors.push(...(rules.create?.(object as never, around) ?? []))
  if (errors.length > 0) return errors
  // The rules for all kinds: where the kind's own were looked at, only those for names may say more.
  if (!isNameless) return validateName(object.metadata, pathSegmentProblems)
  return validateMetadata(object.metadata, type.namespaced, pathSegmentProblems)
}

/** What is wrong with the metadata of a new object of which all else is known to be valid. */
export function validateNewMetadata(type: ResourceType, object: KubeObject): readonly FieldError[] {
  const errors = ownMetadata(type, object, rulesOf(type))
  return errors.length > 0 ? errors : validateName(object.metadata, pathSegmentProblems)
}

/** Kinds that leave their metadata to the rules that hold for all. */
const NAMELESS = new Set(['events', 'poddisruptionbudgets.policy', 'apiservices.apiregistration.k8s.io'])

/** Kinds whose authors took the general rules for metadata rather than those of the core group. */
const GENERAL = new Set(['admissionregistration.k8s.io', 'apiextensions.k8s.io', 'coordination.k8s.io', 'node.k8s.io'])
const isGeneral = ({ group, definition }: ResourceType) => !definition.startsWith('io.k8s.') || GENERAL.has(group)

function ownMetadata(type: ResourceType, { metadata }: KubeObject, rules: Rules): FieldError[] {
  const errors = validateMetadata(metadata, type.namespaced, rules.names ?? dnsSubdomainProblems)
  return isGeneral(type) ? errors : [...errors, ...validateFinalizerNames(metadata)]
}

function metadataUpdate(type: ResourceType, { metadata }: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateMetadataUpdate(metadata, old.metadata)
  return isGeneral(type) ? errors : [...errors, ...validateFinalizerNames(metadata)]
}

/** What is wrong with replacing `old` by `object`, immutable fields included. A status is checked by its own rules. */
export function validateUpdate(
  type: ResourceType,
  object: KubeObject,
  old: KubeObject,
  subresource?: string,
  around: Surroundings = ELSEWHERE,
): readonly FieldError[] {
  const rules = rulesOf(type)
  const errors = validateMetadata(object.metadata, type.namespaced, pathSegmentProblems)
  errors.push(...validateMetadataUpdate(object.metadata, old.metadata))
  if (groupResourceOf(type) === 'events') return errors
  const ofStatus = subresource === 'status' && rules.bareStatus === true ? '' : (rules.partSteps ?? 'mu')
  const steps = subresource === undefined ? (rules.steps ?? DEFAULT_STEPS) : ofStatus
  for (const step of steps) {
    if (step === 'b') errors.push(...(rules.before?.(object as never) ?? []))
    if (step === 'f') errors.push(...ownMetadata(type, object, rules))
    if (step === 'm') errors.push(...metadataUpdate(type, object, old))
    if (step === 's') errors.push(...(rules.always?.(object as never, around) ?? []))
    if (step === 'u') errors.push(...(rules.update?.(object as never, old as never, subresource, around) ?? []))
  }
  if (subresource !== 'status') return errors
  errors.push(...(rules.status?.(object as never) ?? []))
  errors.push(...(rules.statusUpdate?.(object as never, old as never) ?? []))
  return errors
}
