import type { Draft } from '../draft.ts'
import type { KubeObject } from '../object.ts'
import { groupResourceOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import {
  defaultAdmissionPolicy,
  defaultAdmissionPolicyBinding,
  defaultMutatingWebhooks,
  defaultValidatingWebhooks,
} from './admission-registration.ts'
import {
  defaultDaemonSet,
  defaultDeployment,
  defaultPodTemplateObject,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from './apps.ts'
import { defaultAutoscaler, defaultFirstAutoscaler } from './autoscaling.ts'
import { defaultCronJob, defaultJob } from './batch.ts'
import {
  defaultEndpoints,
  defaultLimitRange,
  defaultNamespace,
  defaultNode,
  defaultSecret,
  defaultService,
} from './core.ts'
import { defaultClaimTemplate, defaultResourceClaim } from './devices.ts'
import { defaultApiService, defaultDefinition, defaultPriorityClass } from './extensions.ts'
import { defaultFlowSchema, defaultPriorityLevel } from './flow-control.ts'
import { defaultEndpointSlice, defaultIngressClass, defaultNetworkPolicy } from './networking.ts'
import { defaultPod } from './pod.ts'
import { defaultRoleBinding } from './rbac.ts'
import {
  defaultClaim,
  defaultCsiDriver,
  defaultStorageClass,
  defaultVolumeAttachment,
  defaultVolumeObject,
} from './storage.ts'

/** What a resource's objects are defaulted by. Each function takes the type that its name says. */
const DEFAULTS: Readonly<Record<string, (object: never) => void>> = {
  pods: defaultPod,
  podtemplates: defaultPodTemplateObject,
  replicationcontrollers: defaultReplicationController,
  services: defaultService,
  secrets: defaultSecret,
  namespaces: defaultNamespace,
  nodes: defaultNode,
  endpoints: defaultEndpoints,
  limitranges: defaultLimitRange,
  persistentvolumeclaims: defaultClaim,
  persistentvolumes: defaultVolumeObject,
  'resourceclaims.resource.k8s.io': defaultResourceClaim,
  'resourceclaimtemplates.resource.k8s.io': defaultClaimTemplate,
  'deployments.apps': defaultDeployment,
  'replicasets.apps': defaultReplicaSet,
  'statefulsets.apps': defaultStatefulSet,
  'daemonsets.apps': defaultDaemonSet,
  'jobs.batch': defaultJob,
  'cronjobs.batch': defaultCronJob,
  'storageclasses.storage.k8s.io': defaultStorageClass,
  'volumeattachments.storage.k8s.io': defaultVolumeAttachment,
  'csidrivers.storage.k8s.io': defaultCsiDriver,
  'rolebindings.rbac.authorization.k8s.io': defaultRoleBinding,
  'clusterrolebindings.rbac.authorization.k8s.io': defaultRoleBinding,
  'networkpolicies.networking.k8s.io': defaultNetworkPolicy,
  'ingressclasses.networking.k8s.io': defaultIngressClass,
  'endpointslices.discovery.k8s.io': defaultEndpointSlice,
  'priorityclasses.scheduling.k8s.io': defaultPriorityClass,
  'customresourcedefinitions.apiextensions.k8s.io': defaultDefinition,
  'apiservices.apiregistration.k8s.io': defaultApiService,
  'flowschemas.flowcontrol.apiserver.k8s.io': defaultFlowSchema,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': defaultPriorityLevel,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': defaultMutatingWebhooks,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': defaultValidatingWebhooks,
  'validatingadmissionpolicies.admissionregistration.k8s.io': defaultAdmissionPolicy,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': defaultAdmissionPolicyBinding,
}

/** By version: they differ in what is measured. */
const AUTOSCALERS: typeof DEFAULTS = { v1: defaultFirstAutoscaler, v2: defaultAutoscaler }

/** Fills in what Kubernetes fills in for the type, in place: `object` must be fresh, as decodeObject gives it. */
export function applyDefaults<T extends KubeObject>(type: ResourceType<T>, object: Draft<T>): Draft<T> {
  const name = groupResourceOf(type)
  const apply = name === 'horizontalpodautoscalers.autoscaling' ? AUTOSCALERS[type.version] : DEFAULTS[name]
  apply?.(object as never)
  return object
}
