/**
 * What the published definitions leave out and the wire shows: which fields Kubernetes writes although they are zero,
 * and which it leaves out. Each entry is `Type.field`.
 */

/** Structs that are always written, `{}` where nothing is set in them. */
export const ALWAYS_STRUCTS: readonly string[] = [
  'Container.resources',
  'EphemeralContainer.resources',
  'PodTemplateSpec.metadata',
  'PodTemplateSpec.spec',
  'JobTemplateSpec.metadata',
  'JobTemplateSpec.spec',
  'DeploymentSpec.strategy',
  'StatefulSetSpec.updateStrategy',
  'DaemonSetSpec.updateStrategy',
  'ServiceStatus.loadBalancer',
  'IngressStatus.loadBalancer',
  'PersistentVolumeClaimSpec.resources',
  'NodeStatus.daemonEndpoints',
  'NodeStatus.nodeInfo',
  'NodeDaemonEndpoints.kubeletEndpoint',
  'Event.source',
  'Event.involvedObject',
  'Event.regarding',
  'Event.deprecatedSource',
  'Endpoint.conditions',
  'ContainerStatus.state',
  'ContainerStatus.lastState',
  'PodTemplate.template',
  'PersistentVolumeClaimTemplate.spec',
]

/** Written although empty or zero: strings `""`, numbers 0, lists null. */
export const ALWAYS: readonly string[] = [
  'Event.reportingComponent',
  'Event.reportingInstance',
  'Role.rules',
  'ClusterRole.rules',
  'HorizontalPodAutoscalerStatus.currentMetrics',
  'EndpointSlice.ports',
  'CustomResourceDefinitionStatus.conditions',
  'CustomResourceDefinitionStatus.acceptedNames',
  'CustomResourceDefinitionStatus.storedVersions',
  'LabelSelectorRequirement.key',
  'SelfSubjectReviewStatus.userInfo',
  'TokenReviewStatus.user',
  'StatefulSetStatus.availableReplicas',
]

/** Times that are no pointers: Go never takes a struct for empty, so they are written as null. */
export const ALWAYS_TIMES: readonly RegExp[] = [
  /Condition\.last\w+Time$/,
  /^ContainerState(Running|Terminated)\.\w+At$/,
  /^Event\.(eventTime|(deprecatedF|deprecatedL|f|l)(irst|ast)Timestamp)$/,
  /^EventSeries\.lastObservedTime$/,
  /^VolumeError\.time$/,
]

/** Required and yet pointers: never written where they are absent. */
export const POINTERS: readonly RegExp[] = [/^\w+Spec\.selector$/]

/** Booleans and numbers that are left out where they are zero (the others distinguish zero from absent). */
export const OMIT_ZERO: readonly RegExp[] = [
  /^\w+\.readOnly$/,
  /^(Container|EphemeralContainer)\.(stdin|stdinOnce|tty)$/,
  /^PodSpec\.host(IPC|Network|PID)$/,
  /^DeploymentSpec\.paused$/,
  /^NodeSpec\.unschedulable$/,
  /^PriorityClass\.globalDefault$/,
  /^ServiceSpec\.(publishNotReadyAddresses|healthCheckNodePort)$/,
  /^ServicePort\.nodePort$/,
  /^ServiceBackendPort\.number$/,
  /^ISCSI\w+\.chapAuth\w+$/,
  /^(APIServiceSpec\.insecureSkipTLSVerify|CustomResourceDefinitionSpec\.preserveUnknownFields)$/,
  /^CustomResourceDefinitionVersion\.deprecated$/,
  /^JSONSchemaProps\.(exclusiveM\w+|nullable|uniqueItems|x-kubernetes-embedded-resource|x-kubernetes-int-or-string)$/,
  /^CustomResourceColumnDefinition\.priority$/,
  /^(TokenReviewStatus\.authenticated|SubjectAccessReviewStatus\.denied)$/,
  /^\w+\.observedGeneration$/,
  /^\w+\.minReadySeconds$/,
  /^ContainerPort\.hostPort$/,
  /^Probe\.(failureThreshold|initialDelaySeconds|periodSeconds|successThreshold|timeoutSeconds)$/,
  /^(Deployment|ReplicaSet|ReplicationController|StatefulSet)Status\.\w*[rR]eplicas$/,
  /^DaemonSetStatus\.(number|updated)\w+$/,
  /^JobStatus\.(active|failed|succeeded)$/,
  /^(Event\.(count|deprecatedCount)|EventSeries\.count)$/,
  /^ObjectMeta\.generation$/,
  /^ContainerStateTerminated\.signal$/,
  /^ContainerImage\.sizeBytes$/,
  /^(ScaleSpec\.replicas|Status\.code|StatusDetails\.retryAfterSeconds|HorizontalPodAutoscalerStatus\.currentReplicas)$/,
]

/** Strings that are pointers: kept where they are empty. */
export const KEEP_EMPTY: readonly RegExp[] = [
  /\.storageClassName$/,
  /\.volumeAttributesClassName$/,
  /^HostPathVolumeSource\.type$/,
  /^EndpointPort\.name$/,
  /\.apiGroup$/,
  /^LeaseSpec\.holderIdentity$/,
]

/** Go's names for strings with a type of their own, as they stand in messages about a field of the wrong type. */
export const STRING_TYPES: Readonly<Record<string, string>> = {
  'PodSpec.restartPolicy': 'v1.RestartPolicy',
  'PodSpec.dnsPolicy': 'v1.DNSPolicy',
  'PodSpec.preemptionPolicy': 'v1.PreemptionPolicy',
  'Container.imagePullPolicy': 'v1.PullPolicy',
  'Container.terminationMessagePolicy': 'v1.TerminationMessagePolicy',
  'Container.restartPolicy': 'v1.ContainerRestartPolicy',
  'ContainerPort.protocol': 'v1.Protocol',
  'ServicePort.protocol': 'v1.Protocol',
  'ServiceSpec.type': 'v1.ServiceType',
  'ServiceSpec.sessionAffinity': 'v1.ServiceAffinity',
  'Secret.type': 'v1.SecretType',
  'Toleration.operator': 'v1.TolerationOperator',
  'Toleration.effect': 'v1.TaintEffect',
  'Taint.effect': 'v1.TaintEffect',
  'DeploymentStrategy.type': 'v1.DeploymentStrategyType',
  'StatefulSetSpec.podManagementPolicy': 'v1.PodManagementPolicyType',
  'JobSpec.completionMode': 'v1.CompletionMode',
  'JobSpec.podReplacementPolicy': 'v1.PodReplacementPolicy',
  'CronJobSpec.concurrencyPolicy': 'v1.ConcurrencyPolicy',
  'PersistentVolumeClaimSpec.volumeMode': 'v1.PersistentVolumeMode',
  'LabelSelectorRequirement.operator': 'v1.LabelSelectorOperator',
  'HTTPGetAction.scheme': 'v1.URIScheme',
  'OwnerReference.uid': 'types.UID',
  'ObjectMeta.uid': 'types.UID',
}
