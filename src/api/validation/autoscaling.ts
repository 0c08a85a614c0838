import type { HorizontalPodAutoscaler, HPAScalingRules, MetricSpec, MetricTarget } from '../generated/autoscaling-v2.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, pathSegmentProblems } from '../meta/names.ts'
import { compareQuantities } from '../meta/quantity.ts'
import { nonNegative } from './numbers.ts'
import { named } from './object-meta.ts'

export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const { minReplicas, maxReplicas = 0, scaleTargetRef, metrics = [], behavior } = spec ?? {}
  const errors: FieldError[] = []
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.push(invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'))
  }
  if (maxReplicas < 1) errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0'))
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'))
  }
  errors.push(...validateReference(scaleTargetRef ?? { kind: '', name: '' }, 'spec.scaleTargetRef'))
  metrics.forEach((metric, i) => errors.push(...validateMetric(metric, `spec.metrics[${i}]`)))
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    const detail = 'must specify at least one Object or External metric to support scaling to zero replicas'
    errors.push(forbidden('spec.metrics', detail))
  }
  errors.push(...validateScalingRules(behavior?.scaleUp, 'spec.behavior.scaleUp'))
  return [...errors, ...validateScalingRules(behavior?.scaleDown, 'spec.behavior.scaleDown')]
}

/** What is scaled lies in a group, but for the one kind of the core group that can be. */
export function validateScaleTarget({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const { apiVersion = '', kind } = spec?.scaleTargetRef ?? {}
  if (kind === 'ReplicationController' || apiVersion.includes('/')) return []
  return [invalid('spec.scaleTargetRef.apiVersion', apiVersion, 'apiVersion must specify API group')]
}

/** Targets that were taken once stay. */
export function validateScaleTargetUpdate(one: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler): FieldError[] {
  const [now, before] = [one.spec?.scaleTargetRef, old.spec?.scaleTargetRef]
  const isSame = (now?.apiVersion ?? '') === (before?.apiVersion ?? '') && now?.kind === before?.kind
  return isSame ? [] : validateScaleTarget(one)
}

/** Of the status alone. */
export function validateAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  return [
    ...nonNegative('status.currentReplicas', status?.currentReplicas),
    ...nonNegative('status.desiredReplicas', status?.desiredReplicas),
  ]
}

function validateReference(
  reference: { readonly apiVersion?: string; readonly kind: string; readonly name: string },
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['kind', 'name'] as const) {
    const value = reference[field]
    if (value === '') errors.push(required(`${path}.${field}`))
    else errors.push(...named(`${path}.${field}`, value, pathSegmentProblems(value)))
  }
  const { apiVersion = '' } = reference
  if (apiVersion.split('/').length > 2) {
    errors.push(invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  }
  return errors
}

/** The sources of a metric, by type, in the order in which they are looked at. */
const SOURCES = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
} as const
const SOURCE_TYPES = Object.keys(SOURCES).sort()
const isSource = (type: string): type is keyof typeof SOURCES => type in SOURCES

function validateMetric(metric: MetricSpec, path: string): FieldError[] {
  const { type = '' } = metric
  const errors: FieldError[] = []
  if (type === '') errors.push(required(`${path}.type`, 'must specify a metric source type'))
  if (!isSource(type)) errors.push(notSupported(`${path}.type`, type, SOURCE_TYPES))
  const present = Object.values(SOURCES).filter((name) => metric[name] !== undefined)
  if (present[0] !== undefined) errors.push(...validateSource(metric, present[0], `${path}.${present[0]}`))
  const expected = isSource(type) ? SOURCES[type] : undefined
  if (expected === undefined) errors.push(notSupported(`${path}.type`, type, SOURCE_TYPES))
  else if (metric[expected] === undefined) {
    errors.push(required(`${path}.${expected}`, 'must populate information for the given metric source'))
  }
  if (present.length === 1) return errors
  const others = present.filter((name) => name !== expected)
  return [
    ...errors,
    ...others.map((name) => forbidden(`${path}.${name}`, 'must populate the given metric source only')),
  ]
}

function validateSource(metric: MetricSpec, name: (typeof SOURCES)[keyof typeof SOURCES], path: string): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric
  if (name === 'object' && object !== undefined) {
    const needed = object.target?.value === undefined && object.target?.averageValue === undefined
    return [
      ...validateReference(object.describedObject ?? { kind: '', name: '' }, `${path}.describedObject`),
      ...validateIdentified(object, path),
      ...(needed ? [required(`${path}.target.averageValue`, 'must set either a target value or averageValue')] : []),
    ]
  }
  if (name === 'external' && external !== undefined) return validateExternal(external, path)
  if (name === 'pods' && pods !== undefined) {
    const needed = pods.target?.averageValue === undefined
    const missing = required(`${path}.target.averageValue`, 'must specify a positive target averageValue')
    return [...validateIdentified(pods, path), ...(needed ? [missing] : [])]
  }
  const ofContainer = name === 'containerResource' ? containerResource : undefined
  return validateResource(resource ?? ofContainer ?? { name: '', target: { type: '' } }, path, ofContainer)
}

type Identified = NonNullable<MetricSpec['external']>

function validateIdentified({ metric, target }: Identified, path: string): FieldError[] {
  const { name = '' } = metric ?? {}
  const errors =
    name === ''
      ? [required(`${path}.metric.name`, 'must specify a metric name')]
      : named(`${path}.metric.name`, name, pathSegmentProblems(name))
  return [...errors, ...validateTarget(target, `${path}.target`)]
}

function validateExternal(external: Identified, path: string): FieldError[] {
  const errors = validateIdentified(external, path)
  const { value, averageValue } = external.target ?? {}
  if (value === undefined && averageValue === undefined) {
    const detail = 'must set either a target value for metric or a per-pod target'
    errors.push(required(`${path}.target.averageValue`, detail))
  }
  if (value !== undefined && averageValue !== undefined) {
    const detail = 'may not set both a target value for metric and a per-pod target'
    errors.push(forbidden(`${path}.target.value`, detail))
  }
  return errors
}

function validateResource(
  source: NonNullable<MetricSpec['resource']>,
  path: string,
  ofContainer: MetricSpec['containerResource'],
): FieldError[] {
  const errors: FieldError[] = []
  if (source.name === '') errors.push(required(`${path}.name`, 'must specify a resource name'))
  if (ofContainer !== undefined) {
    const { container } = ofContainer
    if (container === '') errors.push(required(`${path}.container`, 'must specify a container'))
    else errors.push(...named(`${path}.container`, container, dnsLabelProblems(container)))
  }
  errors.push(...validateTarget(source.target, `${path}.target`))
  const { averageUtilization, averageValue } = source.target ?? {}
  if (averageUtilization === undefined && averageValue === undefined) {
    const detail = 'must set either a target raw value or a target utilization'
    errors.push(required(`${path}.target.averageUtilization`, detail))
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const detail = 'may not set both a target raw value and a target utilization'
    errors.push(forbidden(`${path}.target.averageValue`, detail))
  }
  return errors
}

const TARGET_TYPES = ['Utilization', 'Value', 'AverageValue']

function validateTarget(target: MetricTarget | undefined, path: string): FieldError[] {
  const { type = '', value, averageValue, averageUtilization } = target ?? {}
  const errors: FieldError[] = []
  if (type === '') errors.push(required(`${path}.type`, 'must specify a metric target type'))
  if (!TARGET_TYPES.includes(type)) {
    errors.push(invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  }
  for (const [field, amount] of Object.entries({ value, averageValue })) {
    if (amount !== undefined && compareQuantities(amount, 0) <= 0) {
      errors.push(invalid(`${path}.${field}`, amount, 'must be positive'))
    }
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'))
  }
  return errors
}

const LONGEST_PERIOD_SECONDS = 1800
const LONGEST_WINDOW_SECONDS = 3600
const SELECT_POLICIES = ['Disabled', 'Max', 'Min']
const POLICY_TYPES = ['Percent', 'Pods']

function validateScalingRules(rules: HPAScalingRules | undefined, path: string): FieldError[] {
  if (rules === undefined) return []
  const { stabilizationWindowSeconds: window, selectPolicy, policies, tolerance } = rules
  const errors: FieldError[] = []
  const at = `${path}.stabilizationWindowSeconds`
  if (window !== undefined && window < 0) errors.push(invalid(at, window, 'must be greater than or equal to zero'))
  if (window !== undefined && window > LONGEST_WINDOW_SECONDS) {
    errors.push(invalid(at, window, `must be less than or equal to ${LONGEST_WINDOW_SECONDS}`))
  }
  if (selectPolicy !== undefined && !SELECT_POLICIES.includes(selectPolicy)) {
    errors.push(notSupported(`${path}.selectPolicy`, selectPolicy, SELECT_POLICIES))
  }
  if ((policies ?? []).length === 0) errors.push(required(`${path}.policies`, 'must specify at least one Policy'))
  policies?.forEach((policy, i) => errors.push(...validateScalingPolicy(policy, `${path}.policies[${i}]`)))
  if (tolerance !== undefined && compareQuantities(tolerance, 0) < 0) {
    errors.push(invalid(`${path}.tolerance`, tolerance, 'must be greater than or equal to 0'))
  }
  return errors
}

function validateScalingPolicy(
  { type, value, periodSeconds }: NonNullable<HPAScalingRules['policies']>[number],
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  if (!POLICY_TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, POLICY_TYPES))
  if (value <= 0) errors.push(invalid(`${path}.value`, value, 'must be greater than zero'))
  const at = `${path}.periodSeconds`
  if (periodSeconds <= 0) errors.push(invalid(at, periodSeconds, 'must be greater than zero'))
  if (periodSeconds > LONGEST_PERIOD_SECONDS) {
    errors.push(invalid(at, periodSeconds, `must be less than or equal to ${LONGEST_PERIOD_SECONDS}`))
  }
  return errors
}
