import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../generated/core-v1.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, dnsSubdomainProblems, labelKeyProblems } from '../meta/names.ts'
import { compareQuantities, wholeOf } from '../meta/quantity.ts'
import { goDiff } from './go-form.ts'
import { validateLabelSelector } from './label-selector.ts'
import { named, unlessSame } from './object-meta.ts'
import { isNative } from './resources.ts'

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
const VOLUME_MODES = ['Block', 'Filesystem']

export const validateClaim = ({ spec = {} }: PersistentVolumeClaim): FieldError[] => validateClaimSpec(spec, 'spec')

export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const { accessModes = [], storageClassName: storageClass = '', volumeMode } = spec
  const at = `${path}.accessModes`
  const errors = accessModes.length === 0 ? [required(at, 'at least 1 access mode is required')] : []
  errors.push(...validateLabelSelector(spec.selector, `${path}.selector`))
  const unknown = accessModes.filter((mode) => !ACCESS_MODES.includes(mode))
  errors.push(...unknown.map((mode) => notSupported(at, mode, ACCESS_MODES)))
  const known = new Set(accessModes.filter((mode) => ACCESS_MODES.includes(mode)))
  if (known.size > 1 && known.has('ReadWriteOncePod')) {
    errors.push(forbidden(at, 'may not use ReadWriteOncePod with other access modes'))
  }
  errors.push(...validateStorage(spec, `${path}.resources[storage]`))
  errors.push(...validateClassName(storageClass, `${path}.storageClassName`))
  if (volumeMode !== undefined && !VOLUME_MODES.includes(volumeMode)) {
    errors.push(notSupported(`${path}.volumeMode`, volumeMode, VOLUME_MODES))
  }
  errors.push(...validateSources(spec, path))
  return [...errors, ...validateClassName(spec.volumeAttributesClassName ?? '', `${path}.volumeAttributesClassName`)]
}

const validateClassName = (name: string, path: string): FieldError[] =>
  name === '' ? [] : named(path, name, dnsSubdomainProblems(name))

function validateStorage({ resources }: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const storage = resources?.requests?.['storage']
  if (storage === undefined) return [required(path)]
  if (compareQuantities(storage, 0) <= 0) return [invalid(path, String(storage), 'must be greater than zero')]
  return []
}

function validateSources(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const { dataSource: source, dataSourceRef: reference } = spec
  const errors = source === undefined ? [] : validateSource(source, `${path}.dataSource`)
  if (reference === undefined) return errors
  errors.push(...validateSource(reference, `${path}.dataSourceRef`))
  const { namespace = '' } = reference
  if (namespace !== '') errors.push(...named(`${path}.dataSourceRef.namespace`, namespace, dnsLabelProblems(namespace)))
  if (source === undefined) return errors
  // Kubernetes shows the path, by mistake, as Go's struct of it, which is empty.
  const refuse = (detail: string) => errors.push(invalid(path, {}, detail))
  const isSame =
    source.kind === reference.kind &&
    source.name === reference.name &&
    (source.apiGroup ?? '') === (reference.apiGroup ?? '')
  if (namespace !== '') refuse('may not be specified when dataSourceRef.namespace is specified')
  else if (!isSame) refuse('must match dataSourceRef')
  return errors
}

interface Source {
  readonly apiGroup?: string
  readonly kind: string
  readonly name: string
}

function validateSource({ apiGroup = '', kind, name }: Source, path: string): FieldError[] {
  const errors = name === '' ? [required(`${path}.name`)] : []
  if (kind === '') errors.push(required(`${path}.kind`))
  if (apiGroup === '' && kind !== 'PersistentVolumeClaim') {
    errors.push(invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"))
  }
  return apiGroup === '' ? errors : [...errors, ...named(`${path}.apiGroup`, apiGroup, dnsSubdomainProblems(apiGroup))]
}

/** What a claim asks for stays, so that quotas hold: a bound one may ask for more room, or for another class of it. */
export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const [spec, before] = [
    claimSpec(claim, old),
    { ...old.spec, volumeName: old.spec?.volumeName || claim.spec?.volumeName },
  ]
  const errors: FieldError[] = []
  const difference = goDiff('core.PersistentVolumeClaimSpec', before, spec)
  if (difference !== '') {
    const detail =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'
    errors.push(forbidden('spec', `${detail}\n${difference}`))
  }
  const sizeOf = (one: PersistentVolumeClaim) => one.spec?.resources?.requests?.['storage'] ?? '0'
  const isSmaller = compareQuantities(sizeOf(claim), sizeOf(old)) < 0
  if (isSmaller && compareQuantities(sizeOf(claim), old.status?.capacity?.['storage'] ?? '0') <= 0) {
    errors.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'))
  }
  return [...errors, ...unlessSame('volumeMode', claim.spec?.volumeMode, old.spec?.volumeMode)]
}

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class'

/** A claim that was made before there was a default class may be given one. */
function hasFirstClass({ spec }: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const named = old.metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName
  return old.spec?.storageClassName === undefined && named === spec?.storageClassName
}

/** The new spec, with what a claim may be given, and what a bound one may change, put back. */
function claimSpec(claim: PersistentVolumeClaim, before: PersistentVolumeClaim): unknown {
  const { status } = claim
  const { spec: old } = before
  const { storageClassName, ...classless } = claim.spec ?? {}
  const spec = hasFirstClass(claim, before) ? classless : { ...classless, storageClassName }
  const requests = spec.resources?.requests
  if (status?.phase !== 'Bound') return { ...spec, volumeName: spec.volumeName }
  const storage = old?.resources?.requests?.['storage']
  const resources = requests === undefined ? spec.resources : { ...spec.resources, requests: { ...requests, storage } }
  return { ...spec, resources, volumeAttributesClassName: old?.volumeAttributesClassName }
}

/** What a claim has got, amount by amount. */
export function validateClaimStatus({ status = {} }: PersistentVolumeClaim): FieldError[] {
  const { capacity = {}, allocatedResourceStatuses: resizes = {}, allocatedResources = {} } = status
  const errors = Object.entries(capacity).flatMap(([name, amount]) => basic(`status.capacity[${name}]`, amount))
  for (const [name, state] of Object.entries(resizes)) {
    const at = 'status.allocatedResourceStatuses'
    errors.push(...validateKey(name, at))
    if (!RESIZE_STATES.includes(state)) errors.push(notSupported(at, name, RESIZE_STATES))
  }
  for (const [name, amount] of Object.entries(allocatedResources)) {
    const wrong = validateKey(name, 'status.allocatedResources')
    errors.push(...(wrong.length > 0 ? wrong : basic(`status.allocatedResources[${name}]`, amount)))
  }
  return errors
}

const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].sort()

const basic = (path: string, amount: string | number): FieldError[] =>
  compareQuantities(amount, 0) < 0 ? [invalid(path, wholeOf(amount), 'must be a valid resource quantity')] : []

/** Of Kubernetes' own resources claims have storage alone. */
function validateKey(name: string, path: string): FieldError[] {
  const problems = labelKeyProblems(name)
  if (problems.length > 0) return named(path, name, problems)
  return name === 'storage' || !isNative(name) ? [] : [notSupported(path, name, ['storage'])]
}
