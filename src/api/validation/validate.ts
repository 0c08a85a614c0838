import { groupResourceOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dns1035LabelProblems, dnsLabelProblems, dnsSubdomainProblems, pathSegmentProblems } from '../meta/names.ts'
import type { KubeObject } from '../object.ts'
import {
  validateDaemonSet,
  validateDaemonSetUpdate,
  validateDeployment,
  validateDeploymentUpdate,
  validateReplicaSet,
  validateReplicaSetUpdate,
  validateReplicationController,
  validateStatefulSet,
  validateStatefulSetUpdate,
} from './apps.ts'
import { validateCronJob, validateJob, validateJobUpdate } from './batch.ts'
import {
  validateClaim,
  validateClaimUpdate,
  validateConfigMap,
  validateConfigMapUpdate,
  validateLimitRange,
  validateNamespaceUpdate,
  validateNode,
  validateNodeUpdate,
  validateSecret,
  validateSecretUpdate,
} from './core.ts'
import { validateFinalizerNames, validateMetadata, validateMetadataUpdate } from './object-meta.ts'
import {
  validateDefinition,
  validateDisruptionBudget,
  validateEvent,
  validateLease,
  validatePriorityClass,
  validatePriorityClassUpdate,
} from './others.ts'
import type { NameRule } from './object-meta.ts'
import { validatePod, validatePodUpdate } from './pod.ts'
import { validateClusterRole, validateRole, validateRoleBinding, validateRoleBindingUpdate } from './rbac.ts'
import { validateService, validateServiceUpdate } from './service.ts'

/** A kind's rules, beside those for all metadata. */
interface Rules {
  /** Holds for every object; each function takes the type that its name says. */
  readonly always?: (object: never) => FieldError[]
  readonly update?: (object: never, old: never, subresource?: string) => FieldError[]
  /** DNS subdomains where absent. */
  readonly names?: NameRule
  /** What Kubernetes looks at on an update, in its order; {@link DEFAULT_STEPS} where absent. */
  readonly steps?: Steps
}

/**
 * Kubernetes' functions for updates are put together differently for each kind, and a fault is told as often as it is found:
 * `f` all metadata, `m` what an update may not do to it, `s` the rules that always hold, `u` the kind's own for updates.
 */
type Steps = string
const DEFAULT_STEPS = 'fsmu'

const RBAC = 'rbac.authorization.k8s.io'

const RULES: Readonly<Record<string, Rules>> = {
  pods: { always: validatePod, update: validatePodUpdate, steps: 'mufs' },
  namespaces: { update: validateNamespaceUpdate, names: dnsLabelProblems, steps: 'fmu' },
  nodes: { always: validateNode, update: validateNodeUpdate, steps: 'fsmu' },
  configmaps: { always: validateConfigMap, update: validateConfigMapUpdate, steps: 'mufs' },
  secrets: { always: validateSecret, update: validateSecretUpdate, steps: 'mufs' },
  services: { always: validateService, update: validateServiceUpdate, names: dns1035LabelProblems, steps: 'mufs' },
  persistentvolumeclaims: { always: validateClaim, update: validateClaimUpdate, steps: 'fsmfsu' },
  limitranges: { always: validateLimitRange, steps: 'fs' },
  replicationcontrollers: { always: validateReplicationController, steps: 'fsms' },
  events: { always: validateEvent },
  'deployments.apps': { always: validateDeployment, update: validateDeploymentUpdate, steps: 'msu' },
  'replicasets.apps': { always: validateReplicaSet, update: validateReplicaSetUpdate, steps: 'msu' },
  'statefulsets.apps': { always: validateStatefulSet, update: validateStatefulSetUpdate, steps: 'msu' },
  'daemonsets.apps': { always: validateDaemonSet, update: validateDaemonSetUpdate, steps: 'mus' },
  'jobs.batch': { always: validateJob, update: validateJobUpdate, steps: 'fsmsu' },
  'cronjobs.batch': { always: validateCronJob, steps: 'ms' },
  'leases.coordination.k8s.io': { always: validateLease, steps: 'ms' },
  'priorityclasses.scheduling.k8s.io': {
    always: validatePriorityClass,
    update: validatePriorityClassUpdate,
    steps: 'mu',
  },
  'poddisruptionbudgets.policy': { always: validateDisruptionBudget, steps: 's' },
  'customresourcedefinitions.apiextensions.k8s.io': { always: validateDefinition, steps: 'msu' },
  [`roles.${RBAC}`]: { always: validateRole, names: pathSegmentProblems, steps: 'fsfsm' },
  [`clusterroles.${RBAC}`]: { always: validateClusterRole, names: pathSegmentProblems, steps: 'fsfsm' },
  [`rolebindings.${RBAC}`]: {
    always: validateRoleBinding,
    update: validateRoleBindingUpdate,
    names: pathSegmentProblems,
    steps: 'fsfsmu',
  },
  [`clusterrolebindings.${RBAC}`]: {
    always: validateRoleBinding,
    update: validateRoleBindingUpdate,
    names: pathSegmentProblems,
    steps: 'fsfsmu',
  },
}

const rulesOf = (type: ResourceType): Rules => RULES[groupResourceOf(type)] ?? {}

/** What is wrong with an object to be created, in Kubernetes' order and words; empty where nothing is. */
export function validateCreate(type: ResourceType, object: KubeObject): readonly FieldError[] {
  const rules = rulesOf(type)
  const errors = !NAMELESS.has(groupResourceOf(type)) ? ownMetadata(type, object, rules) : []
  errors.push(...(rules.always?.(object as never) ?? []))
  return errors.length > 0 ? errors : validateMetadata(object.metadata, type.namespaced, pathSegmentProblems)
}

/** Kinds that leave their metadata to the rules that hold for all. */
const NAMELESS = new Set(['poddisruptionbudgets.policy'])

/** Kinds whose authors took the general rules for metadata rather than those of the core group. */
const isGeneral = ({ group, definition }: ResourceType) =>
  !definition.startsWith('io.k8s.') || group === 'admissionregistration.k8s.io' || group === 'apiextensions.k8s.io'

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
): readonly FieldError[] {
  const rules = rulesOf(type)
  const errors = validateMetadata(object.metadata, type.namespaced, pathSegmentProblems)
  errors.push(...validateMetadataUpdate(object.metadata, old.metadata))
  const steps = subresource === undefined ? (rules.steps ?? DEFAULT_STEPS) : 'mu'
  for (const step of steps) {
    if (step === 'f') errors.push(...ownMetadata(type, object, rules))
    if (step === 'm') errors.push(...metadataUpdate(type, object, old))
    if (step === 's') errors.push(...(rules.always?.(object as never) ?? []))
    if (step === 'u') errors.push(...(rules.update?.(object as never, old as never, subresource) ?? []))
  }
  return errors
}
