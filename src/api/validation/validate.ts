import { groupResourceOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dns1035LabelProblems, dnsLabelProblems, dnsSubdomainProblems, pathSegmentProblems } from '../meta/names.ts'
import type { Problems } from '../meta/names.ts'
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
import { validateMetadata, validateMetadataUpdate } from './object-meta.ts'
import {
  validateDefinition,
  validateDisruptionBudget,
  validateEvent,
  validateLease,
  validatePriorityClass,
  validatePriorityClassUpdate,
} from './others.ts'
import { validatePod, validatePodUpdate } from './pod.ts'
import { validateClusterRole, validateRole, validateRoleBinding, validateRoleBindingUpdate } from './rbac.ts'
import { validateService, validateServiceUpdate } from './service.ts'

/** A kind's rules, beside those for all metadata. */
interface Rules {
  /** Holds for every object; each function takes the type that its name says. */
  readonly always?: (object: never) => FieldError[]
  readonly update?: (object: never, old: never, subresource?: string) => FieldError[]
  /** DNS subdomains where absent. */
  readonly names?: (name: string) => Problems
}

const RBAC = 'rbac.authorization.k8s.io'

const RULES: Readonly<Record<string, Rules>> = {
  pods: { always: validatePod, update: validatePodUpdate },
  namespaces: { update: validateNamespaceUpdate, names: dnsLabelProblems },
  nodes: { always: validateNode, update: validateNodeUpdate },
  configmaps: { always: validateConfigMap, update: validateConfigMapUpdate },
  secrets: { always: validateSecret, update: validateSecretUpdate },
  services: { always: validateService, update: validateServiceUpdate, names: dns1035LabelProblems },
  persistentvolumeclaims: { always: validateClaim, update: validateClaimUpdate },
  limitranges: { always: validateLimitRange },
  replicationcontrollers: { always: validateReplicationController },
  events: { always: validateEvent },
  'deployments.apps': { always: validateDeployment, update: validateDeploymentUpdate },
  'replicasets.apps': { always: validateReplicaSet, update: validateReplicaSetUpdate },
  'statefulsets.apps': { always: validateStatefulSet, update: validateStatefulSetUpdate },
  'daemonsets.apps': { always: validateDaemonSet, update: validateDaemonSetUpdate },
  'jobs.batch': { always: validateJob, update: validateJobUpdate },
  'cronjobs.batch': { always: validateCronJob },
  'leases.coordination.k8s.io': { always: validateLease },
  'priorityclasses.scheduling.k8s.io': { always: validatePriorityClass, update: validatePriorityClassUpdate },
  'poddisruptionbudgets.policy': { always: validateDisruptionBudget },
  'customresourcedefinitions.apiextensions.k8s.io': { always: validateDefinition },
  [`roles.${RBAC}`]: { always: validateRole, names: pathSegmentProblems },
  [`clusterroles.${RBAC}`]: { always: validateClusterRole, names: pathSegmentProblems },
  [`rolebindings.${RBAC}`]: {
    always: validateRoleBinding,
    update: validateRoleBindingUpdate,
    names: pathSegmentProblems,
  },
  [`clusterrolebindings.${RBAC}`]: {
    always: validateRoleBinding,
    update: validateRoleBindingUpdate,
    names: pathSegmentProblems,
  },
}

const rulesOf = (type: ResourceType): Rules => RULES[groupResourceOf(type)] ?? {}

/** What is wrong with an object to be created, in Kubernetes' order and words; empty where nothing is. */
export function validateCreate(type: ResourceType, object: KubeObject): readonly FieldError[] {
  const rules = rulesOf(type)
  const errors = validateMetadata(object.metadata, type.namespaced, rules.names ?? dnsSubdomainProblems)
  return [...errors, ...(rules.always?.(object as never) ?? [])]
}

/** What is wrong with replacing `old` by `object`, immutable fields included. A status is checked by its own rules. */
export function validateUpdate(
  type: ResourceType,
  object: KubeObject,
  old: KubeObject,
  subresource?: string,
): readonly FieldError[] {
  const rules = rulesOf(type)
  // Kubernetes looks at the metadata once for all kinds and once more for each: every fault of it has two causes.
  const metadata = validateMetadataUpdate(object.metadata, old.metadata)
  const errors = [...metadata, ...metadata]
  if (subresource === undefined) {
    const own = validateMetadata(object.metadata, type.namespaced, rules.names ?? dnsSubdomainProblems)
    errors.push(...own.filter((error) => !error.field.startsWith('metadata.name')))
    errors.push(...(rules.always?.(object as never) ?? []))
  }
  return [...errors, ...(rules.update?.(object as never, old as never, subresource) ?? [])]
}
