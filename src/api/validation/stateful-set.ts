import type { StatefulSet, StatefulSetSpec } from '../generated/apps-v1.ts'
import type { PodTemplateSpec, Volume } from '../generated/core-v1.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { dnsLabelProblems } from '../meta/names.ts'
import { validateClaimSpec } from './claim.ts'
import { validateLabelSelector } from './label-selector.ts'
import { nonNegative } from './numbers.ts'
import { named, validateAnnotations, validateLabels } from './object-meta.ts'
import { validatePodTemplate } from './pod.ts'
import { mismatch, selectorForm, selects, validateForever, validateSelector } from './selected-template.ts'

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  if (spec === undefined) return [required('spec')]
  const errors = [...validateManagement(spec), ...validateUpdateStrategy(spec)]
  const retention = spec.persistentVolumeClaimRetentionPolicy
  for (const when of ['whenDeleted', 'whenScaled'] as const) {
    const policy = retention?.[when] ?? ''
    if (retention === undefined || RETENTIONS.includes(policy)) continue
    errors.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${when}`, policy, RETENTIONS))
  }
  errors.push(...nonNegative('spec.replicas', spec.replicas))
  errors.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds))
  errors.push(...nonNegative('spec.ordinals.start', spec.ordinals?.start))
  return [...errors, ...validateSelection(spec)]
}

const RETENTIONS = ['Retain', 'Delete']

/** What holds for new sets alone: fields that never change are not looked at again. */
export function validateStatefulSetCreation({ spec }: StatefulSet): FieldError[] {
  const { serviceName = '', volumeClaimTemplates = [] } = spec ?? {}
  const claims = volumeClaimTemplates.flatMap((claim, i) =>
    validateClaimSpec(claim.spec ?? {}, `spec.volumeClaimTemplates[${i}].spec`),
  )
  return serviceName === ''
    ? claims
    : [...claims, ...named('spec.serviceName', serviceName, dnsLabelProblems(serviceName))]
}

function validateManagement({ podManagementPolicy = '' }: StatefulSetSpec): FieldError[] {
  const policies = ['OrderedReady', 'Parallel']
  if (podManagementPolicy === '') return [required('spec.podManagementPolicy')]
  if (policies.includes(podManagementPolicy)) return []
  return [invalid('spec.podManagementPolicy', podManagementPolicy, `must be '${policies.join("' or '")}'`)]
}

function validateUpdateStrategy({ updateStrategy }: StatefulSetSpec): FieldError[] {
  const { type = '', rollingUpdate } = updateStrategy ?? {}
  const shown =
    rollingUpdate === undefined
      ? null
      : { Partition: rollingUpdate.partition ?? 0, MaxUnavailable: rollingUpdate.maxUnavailable ?? null }
  if (type === '') return [required('spec.updateStrategy')]
  if (type === 'RollingUpdate') {
    return nonNegative('spec.updateStrategy.rollingUpdate.partition', rollingUpdate?.partition)
  }
  if (type !== 'OnDelete') {
    const form = { Type: type, RollingUpdate: shown }
    return [invalid('spec.updateStrategy', form, "must be 'RollingUpdate' or 'OnDelete'")]
  }
  const detail = "only allowed for updateStrategy 'RollingUpdate'"
  return rollingUpdate === undefined ? [] : [invalid('spec.updateStrategy.rollingUpdate', shown, detail)]
}

function validateSelection(spec: StatefulSetSpec): FieldError[] {
  const { selector, template } = spec
  const path = 'spec.template'
  const errors = validateSelector(selector, 'statefulset')
  if (validateLabelSelector(selector, '').length > 0) {
    errors.push(invalid('spec.selector', selectorForm(selector), ''))
  } else {
    if (!selects(selector, template)) errors.push(mismatch(`${path}.metadata.labels`, template?.metadata?.labels))
    errors.push(...validatePodTemplate(withClaims(spec), path))
    errors.push(...validateLabels(template?.metadata?.labels, `${path}.labels`))
    errors.push(...validateAnnotations(template?.metadata?.annotations, `${path}.annotations`))
  }
  return [...errors, ...validateForever(template, path, 'StatefulSet')]
}

/** The template as pods are made from it: with the claims as volumes, its names being the set's matter. */
function withClaims({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec | undefined {
  const spec = template?.spec
  if (spec === undefined) return template
  const { hostname: _h, subdomain: _s, ...rest } = spec
  const names = new Set(volumeClaimTemplates.map(({ metadata: { name = '' } }) => name))
  const claims = [...names].map((name): Volume => ({ name, persistentVolumeClaim: { claimName: name } }))
  const own = (spec.volumes ?? []).filter(({ name }) => !claims.some((claim) => claim.name === name))
  return { ...template, spec: claims.length === 0 ? rest : { ...rest, volumes: [...claims, ...own] } }
}

const MUTABLE = [
  'replicas',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
  'ordinals',
] as const

export function validateStatefulSetUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const rest = (spec: StatefulSet['spec']) => {
    const fixed: Record<string, unknown> = { ...spec }
    for (const field of MUTABLE) delete fixed[field]
    return fixed
  }
  if (semanticallyEqual(rest(set.spec), rest(old.spec))) return []
  const detail =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
  return [forbidden('spec', detail)]
}
