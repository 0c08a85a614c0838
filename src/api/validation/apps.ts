import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../generated/apps-v1.ts'
import type { PodTemplateSpec, ReplicationController } from '../generated/core-v1.ts'
import type { LabelSelector } from '../generated/meta-v1.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { fromLabelSelector, matchesLabels } from '../meta/label-selector.ts'
import { validateLabelSelector } from './label-selector.ts'
import { isNoShare, nonNegative, notOverHundredPercent, validateIntOrPercent } from './numbers.ts'
import { unlessSame } from './object-meta.ts'
import { validatePodTemplate } from './pod.ts'

export function validateDeployment({ spec }: Deployment): FieldError[] {
  if (spec === undefined) return [required('spec')]
  const errors = nonNegative('spec.replicas', spec.replicas)
  errors.push(...validateSelector(spec.selector, 'deployment'))
  errors.push(...validateTemplate(spec.template, spec.selector, spec.replicas ?? 1))
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
    return [notSupported(path, { Type: type, RollingUpdate: rollingUpdate ?? null }, ['Recreate', 'RollingUpdate'])]
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
  return [...unlessSame('spec.selector', deployment.spec?.selector, old.spec?.selector)]
}

function validateSelector(selector: LabelSelector | undefined | null, owner: string): FieldError[] {
  if (selector === undefined || selector === null) return [required('spec.selector')]
  const errors = validateLabelSelector(selector, 'spec.selector')
  if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0) {
    errors.push(invalid('spec.selector', selector, `empty selector is invalid for ${owner}`))
  }
  return errors
}

/** The template must carry the labels that its owner selects by, and restart forever. */
function validateTemplate(
  template: PodTemplateSpec | undefined,
  selector: LabelSelector | undefined | null,
  replicas: number,
): FieldError[] {
  void replicas
  const path = 'spec.template'
  const errors: FieldError[] = []
  const labels = template?.metadata?.labels ?? {}
  const parsed = fromLabelSelector(selector)
  if (parsed === undefined || (parsed.length > 0 && !matchesLabels(parsed, labels))) {
    errors.push(invalid(`${path}.metadata.labels`, labels, '`selector` does not match template `labels`'))
  }
  errors.push(...validatePodTemplate(template, path))
  const { restartPolicy = '', activeDeadlineSeconds } = template?.spec ?? {}
  if (restartPolicy !== 'Always' && restartPolicy !== '') {
    errors.push(notSupported(`${path}.spec.restartPolicy`, restartPolicy, ['Always']))
  }
  if (activeDeadlineSeconds !== undefined) {
    errors.push(forbidden(`${path}.spec.activeDeadlineSeconds`, 'activeDeadlineSeconds in ReplicaSet is not Supported'))
  }
  return errors
}

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  if (spec === undefined) return [required('spec')]
  const errors = nonNegative('spec.replicas', spec.replicas)
  errors.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds))
  errors.push(...validateSelector(spec.selector, 'deployment'))
  return [...errors, ...validateTemplate(spec.template, spec.selector, spec.replicas ?? 1)]
}

export function validateReplicaSetUpdate(set: ReplicaSet, old: ReplicaSet): FieldError[] {
  return unlessSame('spec.selector', set.spec?.selector, old.spec?.selector)
}

export function validateReplicationController({ spec }: ReplicationController): FieldError[] {
  const errors = nonNegative('spec.minReadySeconds', spec?.minReadySeconds)
  if (Object.keys(spec?.selector ?? {}).length === 0) errors.push(required('spec.selector'))
  errors.push(...nonNegative('spec.replicas', spec?.replicas))
  if (spec?.template === undefined) return [...errors, required('spec.template')]
  return [...errors, ...validateTemplate(spec.template, { matchLabels: spec.selector ?? {} }, spec.replicas ?? 1)]
}

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  if (spec === undefined) return [required('spec')]
  const errors: FieldError[] = []
  const policies = ['OrderedReady', 'Parallel']
  const { podManagementPolicy = '' } = spec
  if (podManagementPolicy === '') errors.push(required('spec.podManagementPolicy'))
  else if (!policies.includes(podManagementPolicy)) {
    const detail = `must be '${policies.join("' or '")}'`
    errors.push(invalid('spec.podManagementPolicy', podManagementPolicy, detail))
  }
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {}
  if (type === 'OnDelete') {
    const detail = "only allowed for updateStrategy 'RollingUpdate'"
    if (rollingUpdate) errors.push(invalid('spec.updateStrategy.rollingUpdate', rollingUpdate, detail))
  } else if (type === 'RollingUpdate') {
    errors.push(...nonNegative('spec.updateStrategy.rollingUpdate.partition', rollingUpdate?.partition))
  } else {
    const shown = { Type: type, RollingUpdate: rollingUpdate ?? null }
    errors.push(invalid('spec.updateStrategy', shown, "must be 'RollingUpdate' or 'OnDelete'"))
  }
  errors.push(...nonNegative('spec.replicas', spec.replicas))
  errors.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds))
  errors.push(...nonNegative('spec.ordinals.start', spec.ordinals?.start))
  errors.push(...validateSelector(spec.selector, 'statefulset'))
  return [...errors, ...validateTemplate(spec.template, spec.selector, spec.replicas ?? 1)]
}

const STATEFUL_SET_MUTABLE = [
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
    for (const field of STATEFUL_SET_MUTABLE) delete fixed[field]
    return fixed
  }
  if (semanticallyEqual(rest(set.spec), rest(old.spec))) return []
  const detail =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
  return [forbidden('spec', detail)]
}

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  if (spec === undefined) return [required('spec')]
  const errors = validateLabelSelector(spec.selector, 'spec.selector')
  const parsed = fromLabelSelector(spec.selector)
  const labels = spec.template?.metadata?.labels ?? {}
  if (parsed !== undefined && !matchesLabels(parsed, labels)) {
    errors.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'))
  }
  if (parsed?.length === 0) {
    errors.push(invalid('spec.selector', spec.selector, 'empty selector is invalid for daemonset'))
  }
  errors.push(...validatePodTemplate(spec.template, 'spec.template'))
  const { restartPolicy = '' } = spec.template?.spec ?? {}
  if (restartPolicy !== 'Always') {
    errors.push(notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']))
  }
  errors.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds))
  const { type = '' } = spec.updateStrategy ?? {}
  if (type !== 'OnDelete' && type !== 'RollingUpdate') {
    errors.push(notSupported('spec.updateStrategy.type', type, ['RollingUpdate', 'OnDelete']))
  }
  return [...errors, ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit)]
}

export function validateDaemonSetUpdate(set: DaemonSet, old: DaemonSet): FieldError[] {
  return unlessSame('spec.selector', set.spec?.selector, old.spec?.selector)
}
