import type { Lease } from '../generated/coordination-v1.ts'
import type { PodDisruptionBudget } from '../generated/policy-v1.ts'
import type { PriorityClass } from '../generated/scheduling-v1.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems } from '../meta/names.ts'
import { goForm } from './go-form.ts'
import { validateConditions } from './conditions.ts'
import { validateLabelSelector } from './label-selector.ts'
import { nonNegative, notOverHundredPercent, validateIntOrPercent } from './numbers.ts'
import { immutable, named } from './object-meta.ts'

const HIGHEST_USER_PRIORITY = 1_000_000_000

export function validatePriorityClass({ metadata, value, preemptionPolicy = '' }: PriorityClass): FieldError[] {
  const errors: FieldError[] = []
  const { name = '' } = metadata
  const isSystem = name === 'system-node-critical' || name === 'system-cluster-critical'
  if (name.startsWith('system-') && !isSystem) {
    const detail = `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`
    errors.push(forbidden('metadata.name', detail))
  } else if (!isSystem && value > HIGHEST_USER_PRIORITY) {
    const detail = `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`
    errors.push(forbidden('value', detail))
  }
  const policies = ['PreemptLowerPriority', 'Never']
  if (preemptionPolicy === '') errors.push(required('preemptionPolicy'))
  else if (!policies.includes(preemptionPolicy)) {
    errors.push(notSupported('preemptionPolicy', preemptionPolicy, policies))
  }
  return errors
}

export function validatePriorityClassUpdate(one: PriorityClass, old: PriorityClass): FieldError[] {
  const errors: FieldError[] = []
  if (one.value !== old.value) errors.push(forbidden('value', 'may not be changed in an update.'))
  if (one.preemptionPolicy !== old.preemptionPolicy) errors.push(immutable('preemptionPolicy', one.preemptionPolicy))
  return errors
}

function leaseDuration(seconds: number | undefined): FieldError[] {
  if (seconds === undefined || seconds > 0) return []
  return [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
}

export function validateLease({ spec = {} }: Lease): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder = '' } = spec
  const errors = [...leaseDuration(leaseDurationSeconds), ...nonNegative('spec.leaseTransitions', leaseTransitions)]
  if (strategy !== undefined) errors.push(...validateStrategy(strategy, 'spec.strategy.strategy'))
  if (preferredHolder === '' || Boolean(strategy)) return errors
  return [...errors, forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined')]
}

const LEASE_STRATEGIES = ['OldestEmulationVersion']

/** How a lease's holder is chosen: Kubernetes' own way, or one with a domain. */
function validateStrategy(strategy: string, path: string): FieldError[] {
  if (strategy.includes('/')) return named(path, strategy, labelKeyProblems(strategy))
  return LEASE_STRATEGIES.includes(strategy) ? [] : [notSupported(path, strategy, LEASE_STRATEGIES)]
}

export function validateDisruptionBudget({ spec = {} }: PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = []
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    const shown = goForm('policy.PodDisruptionBudgetSpec', spec)
    errors.push(invalid('spec', shown, 'minAvailable and maxUnavailable cannot be both set'))
  }
  errors.push(...validateIntOrPercent('spec.minAvailable', spec.minAvailable))
  errors.push(...notOverHundredPercent('spec.minAvailable', spec.minAvailable))
  errors.push(...validateIntOrPercent('spec.maxUnavailable', spec.maxUnavailable))
  errors.push(...notOverHundredPercent('spec.maxUnavailable', spec.maxUnavailable))
  errors.push(...validateLabelSelector(spec.selector, 'spec.selector'))
  const policy = spec.unhealthyPodEvictionPolicy
  if (policy === undefined || EVICTION_POLICIES.includes(policy)) return errors
  return [...errors, notSupported('spec.unhealthyPodEvictionPolicy', policy, EVICTION_POLICIES)]
}

const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget']

export function validateDisruptionBudgetStatus({ status }: PodDisruptionBudget): FieldError[] {
  const { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods } = status ?? {}
  return [
    ...validateConditions(status?.conditions, 'status.conditions'),
    ...nonNegative('status.disruptionsAllowed', disruptionsAllowed),
    ...nonNegative('status.currentHealthy', currentHealthy),
    ...nonNegative('status.desiredHealthy', desiredHealthy),
    ...nonNegative('status.expectedPods', expectedPods),
  ]
}
