import type { LimitRange, ResourceQuota } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems } from '../meta/names.ts'
import { compareQuantities, milliOf } from '../meta/quantity.ts'
import { COUNTED, isExtendedResource, nameProblems, standardProblems } from './resources.ts'
import { named } from './object-meta.ts'

const MEASURED = ['cpu', 'memory', 'ephemeral-storage']
const STANDARD = [
  ...MEASURED,
  ...MEASURED.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  'requests.storage',
  ...COUNTED,
]
const HUGE_PAGES = /^(requests\.)?hugepages-/
const POD_SCOPES = ['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'PriorityClass']
const SCOPES = [...POD_SCOPES, 'CrossNamespacePodAffinity', 'VolumeAttributesClass']
const OPPOSITES = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
]

export function validateQuota({ spec = {} }: ResourceQuota): FieldError[] {
  return [...amountErrors(spec.hard, 'spec.hard'), ...scopeErrors(spec), ...selectorErrors(spec)]
}

export function validateQuotaStatus({ status = {} }: ResourceQuota): FieldError[] {
  return [...amountErrors(status.hard, 'status.hard'), ...amountErrors(status.used, 'status.used')]
}

/** A quota counts what it has counted from the start. */
export function validateQuotaUpdate({ spec }: ResourceQuota, { spec: old }: ResourceQuota): FieldError[] {
  const scopesOf = (one: ResourceQuota['spec']) => [...new Set(one?.scopes ?? [])].sort().join()
  if (scopesOf(spec) === scopesOf(old)) return []
  return [invalid('spec.scopes', spec?.scopes ?? null, 'field is immutable')]
}

type Amounts = Readonly<Record<string, string | number>> | undefined

function amountErrors(amounts: Amounts, path: string): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => {
    const at = `${path}[${name}]`
    const errors = nameErrors(name, at)
    if (compareQuantities(amount, 0) < 0) {
      errors.push(invalid(at, String(amount), 'must be greater than or equal to 0'))
    }
    const isWhole = COUNTED.includes(name) || name.startsWith('count/') || isExtendedResource(name)
    if (isWhole && milliOf(amount) % 1000 !== 0) errors.push(invalid(at, String(amount), 'must be an integer'))
    return errors
  })
}

function nameErrors(name: string, path: string): FieldError[] {
  const problems = named(path, name, labelKeyProblems(name))
  if (name.includes('/') || STANDARD.includes(name) || HUGE_PAGES.test(name)) return problems
  const ofQuota = invalid(path, name, 'must be a standard resource for quota')
  if (problems.length > 0) return [...problems, ofQuota]
  return [invalid(path, name, 'must be a standard resource type or fully qualified'), ofQuota]
}

type Spec = NonNullable<ResourceQuota['spec']>

function scopeErrors({ scopes = [], hard = {} }: Spec): FieldError[] {
  const refuse = (why: string) => invalid('spec.scopes', scopes, why)
  const errors = scopes.flatMap((scope) => [
    ...(SCOPES.includes(scope) ? [] : [refuse('unsupported scope')]),
    ...Object.keys(hard)
      .filter((name) => isStandard(name) && !appliesTo(scope, name))
      .map(() => refuse('unsupported scope applied to resource')),
  ])
  const conflicts = OPPOSITES.filter((pair) => pair.every((scope) => scopes.includes(scope)))
  return [...errors, ...conflicts.map(() => refuse('conflicting scopes'))]
}

const isStandard = (name: string) => STANDARD.includes(name) || HUGE_PAGES.test(name)

/** Scopes choose among pods; those of pods that ask for nothing can only count them. */
function appliesTo(scope: string, name: string): boolean {
  if (scope === 'BestEffort') return name === 'pods'
  if (scope === 'VolumeAttributesClass') return ['persistentvolumeclaims', 'requests.storage'].includes(name)
  if (!POD_SCOPES.includes(scope) && scope !== 'CrossNamespacePodAffinity') return true
  return name === 'pods' || MEASURED.some((one) => name === one || name.endsWith(`.${one}`)) || HUGE_PAGES.test(name)
}

function selectorErrors({ scopeSelector }: Spec): FieldError[] {
  const path = 'spec.scopeSelector.matchExpressions'
  return (scopeSelector?.matchExpressions ?? []).flatMap(({ scopeName, operator, values = [] }) => {
    const errors = SCOPES.includes(scopeName) ? [] : [invalid(`${path}.scopeName`, scopeName, 'unsupported scope')]
    if (scopeName !== 'PriorityClass' && scopeName !== 'VolumeAttributesClass' && operator !== 'Exists') {
      const detail =
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
      if (SCOPES.includes(scopeName)) errors.push(invalid(`${path}.operator`, operator, detail))
    }
    if (operator === 'In' || operator === 'NotIn') {
      const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
      if (values.length === 0) errors.push(required(`${path}.values`, detail))
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
      if (values.length > 0) errors.push(invalid(`${path}.values`, values, detail))
    } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
    return errors
  })
}

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const types = new Set<string>()
  return (spec?.limits ?? []).flatMap((limit, i) => {
    const path = `spec.limits[${i}]`
    const errors = typeErrors(limit.type, `${path}.type`)
    if (types.has(limit.type)) errors.push(duplicate(`${path}.type`, limit.type))
    types.add(limit.type)
    return [...errors, ...limitErrors(limit, path)]
  })
}

function typeErrors(type: string, path: string): FieldError[] {
  const problems = named(path, type, labelKeyProblems(type))
  if (problems.length > 0 || type.includes('/')) return problems
  if (['Pod', 'Container', 'PersistentVolumeClaim'].includes(type)) return []
  return [invalid(path, type, 'must be a standard limit type or fully qualified')]
}

type Limit = NonNullable<LimitRange['spec']>['limits'][number]

function limitErrors(limit: Limit, path: string): FieldError[] {
  const { type, min = {}, max = {}, maxLimitRequestRatio: ratios = {} } = limit
  const isPod = type === 'Pod'
  const isOfContainers = isPod || type === 'Container'
  const fields = [
    'max',
    'min',
    ...(isPod ? [] : (['default', 'defaultRequest'] as const)),
    'maxLimitRequestRatio',
  ] as const
  const errors = fields.flatMap((field) =>
    Object.keys(limit[field] ?? {}).flatMap((name) =>
      named(`${path}.${field}[${name}]`, name, isOfContainers ? nameProblems(name) : standardProblems(name)),
    ),
  )
  for (const field of isPod ? (['default', 'defaultRequest'] as const) : []) {
    if (limit[field] === undefined) continue
    errors.push(forbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'"))
  }
  if (type === 'PersistentVolumeClaim' && min['storage'] === undefined && max['storage'] === undefined) {
    const detail = 'either minimum or maximum storage value is required, but neither was provided'
    errors.push(required(`${path}.limits`, detail))
  }
  const defaults = isPod ? {} : (limit.default ?? {})
  const requests = isPod ? {} : (limit.defaultRequest ?? {})
  const names = new Set([max, min, defaults, requests, ratios].flatMap((amounts) => Object.keys(amounts)))
  for (const name of names) {
    const [least, most, usual, asked] = [min[name], max[name], defaults[name], requests[name]]
    const compare = (field: string, shown: Amount, [a, what, b, than]: Comparison) => {
      if (a === undefined || b === undefined || compareQuantities(a, b) <= 0) return
      errors.push(invalid(`${path}.${field}[${name}]`, String(shown), `${what} ${a} is greater than ${than} ${b}`))
    }
    compare('min', least, [least, 'min value', most, 'max value'])
    compare('defaultRequest', asked, [least, 'min value', asked, 'default request value'])
    compare('defaultRequest', asked, [asked, 'default request value', most, 'max value'])
    compare('defaultRequest', asked, [asked, 'default request value', usual, 'default limit value'])
    compare('default', least, [least, 'min value', usual, 'default value'])
    compare('default', most, [usual, 'default value', most, 'max value'])
    errors.push(...ratioErrors(ratios[name], least, most, `${path}.maxLimitRequestRatio[${name}]`))
  }
  return errors
}

type Amount = string | number | undefined
type Comparison = readonly [Amount, string, Amount, string]

function ratioErrors(ratio: Amount, least: Amount, most: Amount, path: string): FieldError[] {
  if (ratio === undefined) return []
  const errors: FieldError[] = []
  if (compareQuantities(ratio, 1) < 0) errors.push(invalid(path, String(ratio), `ratio ${ratio} is less than 1`))
  if (least === undefined || most === undefined) return errors
  const largest = milliOf(most) / milliOf(least)
  if (milliOf(ratio) / 1000 <= largest) return errors
  return [...errors, invalid(path, String(ratio), `ratio ${ratio} is greater than max/min = ${largest.toFixed(6)}`)]
}
