import type { Surroundings } from './addresses.ts'
import type { ValidatingAdmissionPolicy } from '../generated/admissionregistration-v1.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dns1035LabelProblems, dnsLabelProblems, pathSegmentProblems } from '../meta/names.ts'
import { ipProblems } from './addresses.ts'
import { validateDefinitionStatus } from './definition-names.ts'
import { validateConditions } from './conditions.ts'
import {
  validateAdminAccess,
  validateClaimTemplate,
  validateClaimTemplateUpdate,
  validateDeviceClass,
  validateDeviceClassUpdate,
  validateResourceClaim,
  validateResourceClaimUpdate,
} from './device-claim.ts'
import { validateResourceClaimStatus } from './device-claim-status.ts'
import { validateResourceSlice, validateResourceSliceUpdate } from './resource-slice.ts'
import {
  validateDaemonSet,
  validateDaemonSetUpdate,
  validateDeployment,
  validateDeploymentUpdate,
  validateReplicaSet,
  validateReplicaSetUpdate,
  validateReplicationController,
} from './apps.ts'
import { validateStatefulSet, validateStatefulSetCreation, validateStatefulSetUpdate } from './stateful-set.ts'
import {
  validateEndpoints,
  validateEndpointsUpdate,
  validateSlice,
  validateSliceEndpoints,
  validateSliceUpdate,
} from './endpoints.ts'
import { validateCronJob, validateGeneratedSelector, validateJob, validateJobUpdate } from './batch.ts'
import { validateClaim, validateClaimStatus, validateClaimUpdate } from './claim.ts'
import {
  validateConfigMap,
  validateConfigMapUpdate,
  validateNamespace,
  validateNamespaceUpdate,
  validateNode,
  validateNodeUpdate,
  validateSecret,
  validateSecretUpdate,
} from './core.ts'
import {
  validateDisruptionBudget,
  validateDisruptionBudgetStatus,
  validateLease,
  validatePriorityClass,
  validatePriorityClassUpdate,
} from './others.ts'
import { validateApiService, validateApiServiceStatus } from './api-service.ts'
import { validateFlowSchema, validateFlowStatus, validatePriorityLevel } from './flow-control.ts'
import { validateVolume } from './persistent-volume.ts'
import { validatePod, validatePodCreation, validateTemplateObject } from './pod.ts'
import { validatePodUpdate } from './pod-update.ts'
import { validateClusterRole, validateRole, validateRoleBinding, validateRoleBindingUpdate } from './rbac.ts'
import { validateService, validateServiceStatus, validateServiceUpdate } from './service.ts'

import {
  validateAutoscaler,
  validateAutoscalerStatus,
  validateScaleTarget,
  validateScaleTargetUpdate,
} from './autoscaling.ts'
import {
  validateIngress,
  validateIngressClass,
  validateIngressClassUpdate,
  validateIngressCreation,
  validateIngressStatus,
} from './ingress.ts'
import { validateNetworkPolicy } from './network-policy.ts'
import type { NameRule } from './object-meta.ts'
import {
  validateIpAddress,
  validateIpAddressUpdate,
  validateServiceRange,
  validateServiceRangeUpdate,
} from './service-range.ts'
import {
  validateRevision,
  validateRevisionCreation,
  validateRevisionUpdate,
  validateRuntimeClass,
  validateRuntimeClassUpdate,
  validateVolumeUpdate,
} from './unchangeable.ts'
import { validateLimitRange, validateQuota, validateQuotaStatus, validateQuotaUpdate } from './quota.ts'
import {
  validateCsiDriver,
  validateCsiDriverUpdate,
  validateCsiNode,
  validateCsiNodeUpdate,
  validateStorageCapacity,
  validateStorageCapacityUpdate,
  validateStorageClass,
  validateStorageClassUpdate,
  validateVolumeAttachment,
  validateVolumeAttachmentCreation,
  validateVolumeAttachmentUpdate,
  validateVolumeAttributesClass,
  validateVolumeAttributesClassUpdate,
} from './storage.ts'

import { validateJobStatus, validateJobStatusUpdate } from './job-status.ts'
import { validatePodStatus, validatePodStatusUpdate } from './pod-status.ts'
import {
  validateControllerStatus,
  validateDaemonSetStatus,
  validateDeploymentStatus,
  validateReplicaSetStatus,
  validateStatefulSetStatus,
} from './workload-status.ts'
/** A kind's rules, beside those for all metadata. */
export interface Rules {
  /** Holds for every object; each function takes the type that its name says. */
  readonly always?: (object: never, around: Surroundings) => FieldError[]
  /** Holds for every object, looked at before all else and once. */
  readonly before?: (object: never) => FieldError[]
  /** Holds for new objects alone, beside what always does. */
  readonly create?: (object: never, around: Surroundings) => FieldError[]
  /** A status is written whatever its object's metadata says, as far as that holds for all kinds. */
  readonly bareStatus?: true
  /** Holds for a status that is written. */
  readonly status?: (object: never) => FieldError[]
  /** What may not become of a status. */
  readonly statusUpdate?: (object: never, old: never) => FieldError[]
  readonly update?: (object: never, old: never, subresource: string | undefined, around: Surroundings) => FieldError[]
  /** DNS subdomains where absent. */
  readonly names?: NameRule
  /** What Kubernetes looks at on an update, in its order; {@link DEFAULT_STEPS} where absent. */
  readonly steps?: Steps
  /** The same for updates of its subresources; `mu` where absent. */
  readonly partSteps?: Steps
}

/**
 * Kubernetes' functions for updates are put together differently for each kind, and a fault is told as often as it is found:
 * `b` what is looked at before all else, `f` all metadata, `m` what an update may not do to it, `s` the rules that always hold, `u` the kind's own for updates.
 */
export type Steps = string
export const DEFAULT_STEPS = 'fsmu'

const RBAC = 'rbac.authorization.k8s.io'

/** By resource and group; kinds without an entry have the rules for metadata alone. */
export const RULES: Readonly<Record<string, Rules>> = {
  pods: {
    always: validatePod,
    create: validatePodCreation,
    status: validatePodStatus,
    statusUpdate: validatePodStatusUpdate,
    update: validatePodUpdate,
    steps: 'mfsu',
  },
  namespaces: { create: validateNamespace, update: validateNamespaceUpdate, names: dnsLabelProblems, steps: 'fmu' },
  nodes: { always: validateNode, update: validateNodeUpdate, steps: 'fsmu' },
  configmaps: { always: validateConfigMap, update: validateConfigMapUpdate, steps: 'mufs' },
  secrets: { always: validateSecret, update: validateSecretUpdate, steps: 'mufs' },
  services: {
    always: validateService,
    update: validateServiceUpdate,
    status: validateServiceStatus,
    names: dns1035LabelProblems,
    steps: 'mus',
  },
  persistentvolumeclaims: {
    always: validateClaim,
    status: validateClaimStatus,
    update: validateClaimUpdate,
    steps: 'fsmfsu',
  },
  limitranges: { always: validateLimitRange, steps: 'fs' },
  resourcequotas: {
    always: validateQuota,
    update: validateQuotaUpdate,
    status: validateQuotaStatus,
    steps: 'msu',
  },
  persistentvolumes: { always: validateVolume, update: validateVolumeUpdate, steps: 'fsfsu' },
  'controllerrevisions.apps': {
    always: validateRevision,
    create: validateRevisionCreation,
    update: validateRevisionUpdate,
    steps: 'mfsu',
  },
  'apiservices.apiregistration.k8s.io': {
    always: validateApiService,
    status: validateApiServiceStatus,
    steps: 'ms',
  },
  'flowschemas.flowcontrol.apiserver.k8s.io': {
    always: validateFlowSchema,
    status: validateFlowStatus,
    bareStatus: true,
    steps: 'fs',
  },
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': {
    always: validatePriorityLevel,
    status: validateFlowStatus,
    bareStatus: true,
    steps: 'fs',
  },
  'runtimeclasses.node.k8s.io': { always: validateRuntimeClass, update: validateRuntimeClassUpdate, steps: 'fsmu' },
  replicationcontrollers: { always: validateReplicationController, status: validateControllerStatus, steps: 'fsms' },
  'deployments.apps': {
    always: validateDeployment,
    status: validateDeploymentStatus,
    update: validateDeploymentUpdate,
    steps: 'msu',
  },
  'replicasets.apps': {
    always: validateReplicaSet,
    status: validateReplicaSetStatus,
    update: validateReplicaSetUpdate,
    steps: 'msu',
  },
  'statefulsets.apps': {
    always: validateStatefulSet,
    create: validateStatefulSetCreation,
    status: validateStatefulSetStatus,
    update: validateStatefulSetUpdate,
    names: dnsLabelProblems,
    steps: 'msu',
  },
  'daemonsets.apps': {
    always: validateDaemonSet,
    status: validateDaemonSetStatus,
    update: validateDaemonSetUpdate,
    steps: 'mus',
  },
  'jobs.batch': {
    before: validateGeneratedSelector,
    always: validateJob,
    status: validateJobStatus,
    statusUpdate: validateJobStatusUpdate,
    update: validateJobUpdate,
    steps: 'fbsmsu',
  },
  'cronjobs.batch': { always: validateCronJob, bareStatus: true, steps: 'ms' },
  'horizontalpodautoscalers.autoscaling': {
    always: validateAutoscaler,
    create: validateScaleTarget,
    update: validateScaleTargetUpdate,
    status: validateAutoscalerStatus,
    steps: 'msu',
  },
  'ingresses.networking.k8s.io': {
    always: validateIngress,
    create: validateIngressCreation,
    status: validateIngressStatus,
    steps: 'mfs',
  },
  'ingressclasses.networking.k8s.io': {
    always: validateIngressClass,
    update: validateIngressClassUpdate,
    steps: 'mufs',
  },
  'networkpolicies.networking.k8s.io': { always: validateNetworkPolicy, steps: 'fsms' },
  'ipaddresses.networking.k8s.io': {
    always: validateIpAddress,
    update: validateIpAddressUpdate,
    names: ipProblems,
  },
  'servicecidrs.networking.k8s.io': {
    always: validateServiceRange,
    update: validateServiceRangeUpdate,
    steps: 'mu',
  },
  'storageclasses.storage.k8s.io': { always: validateStorageClass, update: validateStorageClassUpdate },
  'volumeattributesclasses.storage.k8s.io': {
    always: validateVolumeAttributesClass,
    update: validateVolumeAttributesClassUpdate,
    steps: 'fsmufs',
  },
  'certificatesigningrequests.certificates.k8s.io': { partSteps: 'fmu' },
  'volumeattachments.storage.k8s.io': {
    always: validateVolumeAttachment,
    create: validateVolumeAttachmentCreation,
    update: validateVolumeAttachmentUpdate,
    steps: 'fsfsu',
    partSteps: 'fsfsu',
  },
  'csinodes.storage.k8s.io': { always: validateCsiNode, update: validateCsiNodeUpdate, steps: 'fsfsu' },
  'csidrivers.storage.k8s.io': { always: validateCsiDriver, update: validateCsiDriverUpdate, steps: 'msu' },
  'csistoragecapacities.storage.k8s.io': {
    always: validateStorageCapacity,
    update: validateStorageCapacityUpdate,
  },
  'resourceclaims.resource.k8s.io': {
    always: validateResourceClaim,
    create: validateAdminAccess,
    update: validateResourceClaimUpdate,
    statusUpdate: validateResourceClaimStatus,
  },
  'resourceclaimtemplates.resource.k8s.io': {
    always: validateClaimTemplate,
    create: validateAdminAccess,
    update: validateClaimTemplateUpdate,
  },
  'deviceclasses.resource.k8s.io': {
    always: validateDeviceClass,
    update: validateDeviceClassUpdate,
  },
  'resourceslices.resource.k8s.io': {
    always: validateResourceSlice,
    update: validateResourceSliceUpdate,
    steps: 'msu',
  },
  serviceaccounts: { steps: 'mf' },
  endpoints: { create: validateEndpoints, update: validateEndpointsUpdate, steps: 'mfu' },
  podtemplates: { always: validateTemplateObject, steps: 'ms' },
  'endpointslices.discovery.k8s.io': {
    always: validateSlice,
    create: validateSliceEndpoints,
    update: validateSliceUpdate,
    steps: 'fsu',
  },
  'validatingwebhookconfigurations.admissionregistration.k8s.io': { steps: 'fs' },
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': { steps: 'fs' },
  'validatingadmissionpolicies.admissionregistration.k8s.io': {
    status: ({ status }: ValidatingAdmissionPolicy) => validateConditions(status?.conditions, 'status.conditions'),
    bareStatus: true,
    steps: 'fs',
  },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': { steps: 'fs' },
  'mutatingadmissionpolicies.admissionregistration.k8s.io': { steps: 'fs' },
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': { steps: 'fs' },
  'leases.coordination.k8s.io': { always: validateLease, steps: 'ms' },
  'priorityclasses.scheduling.k8s.io': {
    always: validatePriorityClass,
    update: validatePriorityClassUpdate,
    steps: 'mu',
  },
  'poddisruptionbudgets.policy': {
    always: validateDisruptionBudget,
    status: validateDisruptionBudgetStatus,
    bareStatus: true,
    steps: 's',
  },
  'customresourcedefinitions.apiextensions.k8s.io': {
    status: validateDefinitionStatus,
    steps: 'm',
  },
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
