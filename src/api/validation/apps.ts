import type { DaemonSet, Deployment, ReplicaSet } from '../generated/apps-v1.ts'
import type { ReplicationController } from '../generated/core-v1.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { fromLabelSelector, matchesLabels } from '../meta/label-selector.ts'
import { unlessSameSelector, validateLabelSelector } from './label-selector.ts'
import { isNoShare, nonNegative, notOverHundredPercent, validateIntOrPercent } from './numbers.ts'
import { validatePodTemplate } from './pod.ts'
import {
  isEmptySelector,
  mismatch,
  selectorForm,
  strategyForm,
  validateForever,
  validateSelected,
} from './selected-template.ts'

export function validateDeployment({ spec }: Deployment): FieldError[] {
  if (spec === undefined) return [required('spec')]
  const errors = nonNegative('spec.replicas', spec.replicas)
  errors.push(...validateSelected(spec, 'deployment', 'ReplicaSet'))
  errors.push(...validateDeploymentStrategy(spec.strategy ?? {}))
  errors.push(...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit))
  errors.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds))
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec
  errors.push(...nonNegative('spec.progressDeadlineSeconds', deadline))
  if (deadline !== undefined && deadline <= minReadySeconds) {
    errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'))
  }
  return errors
}

type Strategy = NonNullable<NonNullable<Deployment['spec']>['strategy']>

function validateDeploymentStrategy({ type = '', rollingUpdate }: Strategy): FieldError[] {
  const path = 'spec.strategy'
  if (type === 'Recreate') {
    const detail = "may not be specified when strategy `type` is 'Recreate'"
    return rollingUpdate === undefined ? [] : [forbidden(`${path}.rollingUpdate`, detail)]
  }
  if (type !== 'RollingUpdate') {
    return [notSupported(path, strategyForm(type, rollingUpdate), ['Recreate', 'RollingUpdate'])]
  }
  if (rollingUpdate === undefined) {
    return [required(`${path}.rollingUpdate`, 'this should be defaulted and never be nil')]
  }
  const { maxUnavailable, maxSurge } = rollingUpdate
  const at = `${path}.rollingUpdate`
  const errors = validateIntOrPercent(`${at}.maxUnavailable`, maxUnavailable)
  errors.push(...validateIntOrPercent(`${at}.maxSurge`, maxSurge))
  if (isNoShare(maxUnavailable) && isNoShare(maxSurge)) {
    errors.push(invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
  }
  return [...errors, ...notOverHundredPercent(`${at}.maxUnavailable`, maxUnavailable)]
}

export function validateDeploymentUpdate(deployment: Deployment, old: Deployment): FieldError[] {
  return [...unlessSameSelector('spec.selector', deployment.spec?.selector, old.spec?.selector)]
}

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  if (spec === undefined) return [required('spec')]
  const errors = nonNegative('spec.replicas', spec.replicas)
  errors.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds))
  return [...errors, ...validateSelected(spec, 'deployment', 'ReplicaSet')]
}

export function validateReplicaSetUpdate(set: ReplicaSet, old: ReplicaSet): FieldError[] {
  return unlessSameSelector('spec.selector', set.spec?.selector, old.spec?.selector)
}

export function validateReplicationController({ spec }: ReplicationController): FieldError[] {
  const errors = nonNegative('spec.minReadySeconds', spec?.minReadySeconds)
  if (Object.keys(spec?.selector ?? {}).length === 0) errors.push(required('spec.selector'))
  errors.push(...nonNegative('spec.replicas', spec?.replicas))
  if (spec?.template === undefined) return [...errors, required('spec.template')]
  const path = 'spec.template'
  const labels = spec.template.metadata?.labels
  const selected = Object.entries(spec.selector ?? {}).every(([key, value]) => labels?.[key] === value)
  if (!selected) errors.push(mismatch(`${path}.metadata.labels`, labels))
  errors.push(...validatePodTemplate(spec.template, path))
  return [...errors, ...validateForever(spec.template, path, 'ReplicationController')]
}

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  if (spec === undefined) return [required('spec')]
  const path = 'spec.template'
  const { selector } = spec
  const errors = validateLabelSelector(selector, 'spec.selector')
  const labels = spec.template?.metadata?.labels
  if (errors.length === 0 && (!selector || !matchesLabels(fromLabelSelector(selector) ?? [], labels ?? {}))) {
    errors.push(mismatch(`${path}.metadata.labels`, labels))
  }
  if (selector && isEmptySelector(selector)) {
    errors.push(invalid('spec.selector', selectorForm(selector), 'empty selector is invalid for daemonset'))
  }
  errors.push(...validatePodTemplate(spec.template, path), ...validateForever(spec.template, path, 'DaemonSet'))
  errors.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds))
  errors.push(...validateDaemonStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy'))
  return [...errors, ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit)]
}

type DaemonStrategy = NonNullable<NonNullable<DaemonSet['spec']>['updateStrategy']>

function validateDaemonStrategy({ type = '', rollingUpdate }: DaemonStrategy, path: string): FieldError[] {
  if (type === 'OnDelete') return []
  if (type !== 'RollingUpdate') {
    return [notSupported(path, strategyForm(type, rollingUpdate), ['RollingUpdate', 'OnDelete'])]
  }
  const at = `${path}.rollingUpdate`
  if (rollingUpdate === undefined) return [required(at)]
  const fields = ['maxUnavailable', 'maxSurge'] as const
  const errors = fields.flatMap((field) => validateIntOrPercent(`${at}.${field}`, rollingUpdate[field]))
  errors.push(...fields.flatMap((field) => notOverHundredPercent(`${at}.${field}`, rollingUpdate[field])))
  const [noneDown, noneMore] = fields.map((field) => isNoShare(rollingUpdate[field]))
  if (noneDown === false && noneMore === false) {
    const detail = 'may not be set when maxUnavailable is non-zero'
    errors.push(invalid(`${at}.maxSurge`, rollingUpdate.maxSurge, detail))
  }
  if (noneDown === true && noneMore === true) {
    errors.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
  }
  return errors
}

export function validateDaemonSetUpdate(set: DaemonSet, old: DaemonSet): FieldError[] {
  return unlessSameSelector('spec.selector', set.spec?.selector, old.spec?.selector)
}
