import type {
  DeviceClaim,
  DeviceClass,
  DeviceConstraint,
  DeviceRequest,
  DeviceToleration,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from '../generated/resource-v1.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsSubdomainProblems, labelValueProblems } from '../meta/names.ts'
import type { Surroundings } from './addresses.ts'
import {
  isSame,
  MOST_CONFIGS,
  MOST_REQUESTS,
  MOST_SELECTORS,
  qualified,
  validateConfiguration,
  validateFullyQualifiedId,
  validateLabelName,
  validateList,
  validateSelector,
  validateSet,
} from './device-parts.ts'
import { unlessSameForm } from './go-form.ts'
import { named, validateTemplateMetadata } from './object-meta.ts'
import { isExtendedResource } from './resources.ts'

const MOST_SUBREQUESTS = 8
const MOST_CONSTRAINTS = 32

export const validateResourceClaim = ({ spec }: ResourceClaim): FieldError[] =>
  validateDeviceClaim(spec.devices ?? {}, 'spec.devices', false)

/** What is claimed stays. */
export const validateResourceClaimUpdate = (claim: ResourceClaim, old: ResourceClaim, subresource?: string) =>
  subresource === 'status'
    ? []
    : [
        ...unlessSameForm('spec', 'resource.ResourceClaimSpec', claim.spec, old.spec),
        ...validateDeviceClaim(claim.spec.devices ?? {}, 'spec.devices', true),
      ]

export function validateClaimTemplate({ spec }: ResourceClaimTemplate): FieldError[] {
  return validateTemplateSpec(spec, false)
}

export const validateClaimTemplateUpdate = ({ spec }: ResourceClaimTemplate, old: ResourceClaimTemplate) => [
  ...unlessSameForm('spec', 'resource.ResourceClaimTemplateSpec', spec, old.spec),
  ...validateTemplateSpec(spec, true),
]

function validateTemplateSpec({ metadata, spec }: ResourceClaimTemplate['spec'], stored: boolean): FieldError[] {
  return [
    ...validateTemplateMetadata(metadata, 'spec.metadata'),
    ...validateDeviceClaim(spec.devices ?? {}, 'spec.spec.devices', stored),
  ]
}

/** Devices of others are for those namespaces that may have them: AuthorizedForAdmin. */
export function validateAdminAccess(claim: ResourceClaim | ResourceClaimTemplate, around: Surroundings): FieldError[] {
  const devices = 'devices' in claim.spec ? claim.spec.devices : (claim as ResourceClaimTemplate).spec.spec?.devices
  const i = (devices as DeviceClaim | undefined)?.requests?.findIndex(({ exactly }) => exactly?.adminAccess === true)
  if (i === undefined || i < 0) return []
  if (around.namespaceLabels?.(claim.metadata.namespace ?? '')?.[ADMIN_ACCESS] === 'true') return []
  const detail = `admin access to devices requires the \`${ADMIN_ACCESS}: true\` label on the containing namespace`
  return [forbidden(`spec.devices.requests[${i}].adminAccess`, detail)]
}

const ADMIN_ACCESS = 'resource.kubernetes.io/admin-access'

type Names = ReadonlyMap<string, ReadonlySet<string>>

/** The requests of a claim, each with what it is content with instead. */
export const requestNames = ({ requests }: DeviceClaim): Names =>
  new Map(
    (requests ?? []).map(({ name, firstAvailable }) => [name, new Set((firstAvailable ?? []).map((one) => one.name))]),
  )

const UNKNOWN_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

/** The name of a request, or `request/subrequest`. */
export function validateRequestRef(name: string, path: string, names: Names): FieldError[] {
  const [request = '', sub, ...more] = name.split('/')
  if (more.length > 0) return [invalid(path, name, UNKNOWN_REQUEST)]
  const errors = [request, ...(sub === undefined ? [] : [sub])].flatMap((part) => validateLabelName(part, path))
  const known = names.get(request)
  const isKnown = known !== undefined && (sub === undefined || known.has(sub))
  return isKnown ? errors : [...errors, invalid(path, name, UNKNOWN_REQUEST)]
}

function validateDeviceClaim(claim: DeviceClaim, path: string, stored: boolean): FieldError[] {
  const names = requestNames(claim)
  const ref = (name: string, at: string) => validateRequestRef(name, at, names)
  const nameOf = ({ name }: DeviceRequest) => name
  return [
    ...validateSet(claim.requests, MOST_REQUESTS, validateRequest, nameOf, `${path}.requests`, '.name'),
    ...validateList(
      claim.constraints,
      MOST_CONSTRAINTS,
      (one, at) => [
        ...validateSet(one.requests, MOST_REQUESTS, ref, isSame, `${at}.requests`),
        ...validateConstraint(one, at),
      ],
      `${path}.constraints`,
    ),
    ...validateList(
      claim.config,
      MOST_CONFIGS,
      (one, at) => [
        ...validateSet(one.requests, MOST_REQUESTS, ref, isSame, `${at}.requests`),
        ...validateConfiguration(one, at, stored),
      ],
      `${path}.config`,
    ),
  ]
}

function validateConstraint({ matchAttribute: match, distinctAttribute: distinct }: DeviceConstraint, path: string) {
  if (match !== undefined) return validateFullyQualifiedId(match, `${path}.matchAttribute`)
  if (distinct !== undefined) return validateFullyQualifiedId(distinct, `${path}.distinctAttribute`)
  return [required(`${path}.matchAttribute`)]
}

function validateRequest({ name, exactly, firstAvailable }: DeviceRequest, path: string): FieldError[] {
  const errors = validateLabelName(name, `${path}.name`)
  const hasFirst = (firstAvailable ?? []).length > 0
  const validateSub = (one: NonNullable<typeof firstAvailable>[number], at: string) => [
    ...validateLabelName(one.name, `${at}.name`),
    ...validateWanted(one, at),
  ]
  const list = `${path}.firstAvailable`
  errors.push(...validateSet(firstAvailable, MOST_SUBREQUESTS, validateSub, (one) => one.name, list, '.name'))
  if (exactly !== undefined) errors.push(...validateWanted(exactly, `${path}.exactly`))
  const one = 'exactly one of `exactly` or `firstAvailable` is required'
  if (!hasFirst && exactly === undefined) errors.push(required(path, one))
  if (hasFirst && exactly !== undefined) errors.push(invalid(path, null, `${one}, but multiple fields are set`))
  return errors
}

const MODES = ['All', 'ExactCount']

function validateWanted(request: ExactDeviceRequest, path: string): FieldError[] {
  const { deviceClassName: name, selectors, allocationMode: mode = '', count = 0, tolerations = [] } = request
  const at = `${path}.deviceClassName`
  const errors = name === '' ? [required(at)] : named(at, name, dnsSubdomainProblems(name))
  errors.push(...validateList(selectors, MOST_SELECTORS, validateSelector, `${path}.selectors`))
  if (!MODES.includes(mode)) errors.push(notSupported(`${path}.allocationMode`, mode, MODES))
  if (mode === 'All' && count !== 0) {
    errors.push(invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'"))
  }
  if (mode === 'ExactCount' && count <= 0) errors.push(invalid(`${path}.count`, count, 'must be greater than zero'))
  return [...errors, ...tolerations.flatMap((one, i) => validateToleration(one, `${path}.tolerations[${i}]`))]
}

const OPERATORS = ['Equal', 'Exists']
export const TAINT_EFFECTS = ['NoExecute', 'NoSchedule']

function validateToleration({ key = '', operator = '', value = '', effect = '' }: DeviceToleration, path: string) {
  const errors = key === '' ? [] : qualified(key, `${path}.key`)
  if (operator === '') errors.push(required(`${path}.operator`))
  else if (!OPERATORS.includes(operator)) errors.push(notSupported(`${path}.operator`, operator, OPERATORS))
  if (operator === 'Exists' && value !== '') {
    errors.push(invalid(`${path}.value`, value, 'must be empty for operator `Exists`'))
  }
  if (operator === 'Equal') errors.push(...named(`${path}.value`, value, labelValueProblems(value)))
  if (effect !== '' && !TAINT_EFFECTS.includes(effect)) {
    errors.push(notSupported(`${path}.effect`, effect, TAINT_EFFECTS))
  }
  return errors
}

export const validateDeviceClass = (one: DeviceClass): FieldError[] => validateClassSpec(one.spec, false)

export const validateDeviceClassUpdate = ({ spec }: DeviceClass, old: DeviceClass): FieldError[] =>
  validateClassSpec(spec, semanticallyEqual(spec.config, old.spec.config))

function validateClassSpec({ selectors, config, extendedResourceName: name }: DeviceClass['spec'], stored: boolean) {
  const errors = validateList(selectors, MOST_SELECTORS, validateSelector, 'spec.selectors')
  const ofConfig = (one: NonNullable<typeof config>[number], at: string) => validateConfiguration(one, at, stored)
  errors.push(...validateList(config, MOST_CONFIGS, ofConfig, 'spec.config'))
  if (name === undefined || isExtendedResource(name)) return errors
  return [...errors, invalid('spec.extendedResourceName', name, 'must be a valid extended resource name')]
}
