import { isJsonObject } from '../draft.ts'
import type { Draft, JsonObject } from '../draft.ts'
import type { PodSpec } from '../generated/core-v1.ts'

/**
 * Fields that Kubernetes knows but keeps only where a feature that is off by default is on: they are dropped as objects are
 * written, unless the object that is replaced has them. `[]` stands for every item of a list.
 */
const OF_CONTAINERS = [
  'containers[].restartPolicyRules',
  'containers[].restartPolicy',
  'ephemeralContainers[].restartPolicy',
  'ephemeralContainers[].restartPolicyRules',
  'initContainers[].restartPolicy',
  'initContainers[].restartPolicyRules',
  ...['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) => [
    `${list}[].lifecycle.stopSignal`,
    `${list}[].env[].valueFrom.fileKeyRef`,
  ]),
]
const OF_PODS = ['hostnameOverride', ...OF_CONTAINERS]
const within = (path: string) => OF_PODS.map((field) => `${path}.${field}`)

const ofRequests = (path: string) => [
  `${path}.requests[].exactly.capacity`,
  `${path}.requests[].firstAvailable[].capacity`,
]
const OF_DEVICES = [
  'consumesCounters',
  'nodeName',
  'nodeSelector',
  'allNodes',
  'taints',
  'bindsToNode',
  'bindingConditions',
  'bindingFailureConditions',
  'allowMultipleAllocations',
]

const TEMPLATED = within('spec.template.spec')

/** By resource and group. */
const GATED: Readonly<Record<string, readonly string[]>> = {
  pods: [
    ...within('spec'),
    'status.extendedResourceClaimStatus',
    ...['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'].flatMap((list) => [
      `status.${list}[].allocatedResourcesStatus`,
    ]),
  ],
  podtemplates: within('template.spec'),
  replicationcontrollers: TEMPLATED,
  'deployments.apps': [...TEMPLATED, 'status.terminatingReplicas'],
  'replicasets.apps': [...TEMPLATED, 'status.terminatingReplicas'],
  'daemonsets.apps': TEMPLATED,
  'statefulsets.apps': [...TEMPLATED, 'spec.updateStrategy.rollingUpdate.maxUnavailable'],
  'jobs.batch': TEMPLATED,
  'cronjobs.batch': within('spec.jobTemplate.spec.template.spec'),
  'horizontalpodautoscalers.autoscaling': ['spec.behavior.scaleUp.tolerance', 'spec.behavior.scaleDown.tolerance'],
  'leases.coordination.k8s.io': ['spec.strategy', 'spec.preferredHolder'],
  'volumeattachments.storage.k8s.io': ['status.attachError.errorCode', 'status.detachError.errorCode'],
  'csidrivers.storage.k8s.io': ['spec.nodeAllocatableUpdatePeriodSeconds'],
  'deviceclasses.resource.k8s.io': ['spec.extendedResourceName'],
  'resourceclaims.resource.k8s.io': [
    ...ofRequests('spec.devices'),
    'status.allocation.allocationTimestamp',
    ...['bindingConditions', 'bindingFailureConditions', 'shareID', 'consumedCapacity'].map(
      (field) => `status.allocation.devices.results[].${field}`,
    ),
    'status.devices[].shareID',
  ],
  'resourceclaimtemplates.resource.k8s.io': ofRequests('spec.spec.devices'),
  'resourceslices.resource.k8s.io': [
    'spec.sharedCounters',
    'spec.perDeviceNodeSelection',
    ...OF_DEVICES.map((field) => `spec.devices[].${field}`),
  ],
  nodes: ['spec.configSource', 'status.config'],
}

const PATHS = new Map(
  Object.entries(GATED).map(([resource, fields]) => [resource, fields.map((field) => field.split('.'))]),
)

/** Takes from `object`, in place, the fields of features that are off and that `old` does not have. */
export function dropGatedFields(resource: string, object: JsonObject, old?: JsonObject, subresource?: string): void {
  for (const path of PATHS.get(resource) ?? []) {
    // What a write of the status leaves alone is shared with what it was.
    if ((subresource !== undefined) !== (path[0] === 'status') && old !== undefined) continue
    if (visit(object, path, false) && (old === undefined || !visit(old, path, false))) visit(object, path, true)
  }
}

/** Whether anything lies at the path; where `drops`, it is taken away, and so are parts that are left empty-handed. */
function visit(value: unknown, path: readonly string[], drops: boolean, depth = 0): boolean {
  const [step = '', isLast] = [path[depth], depth === path.length - 1]
  if (!isJsonObject(value)) return false
  if (step.endsWith('[]')) {
    const items = value[step.slice(0, -2)]
    if (!Array.isArray(items)) return false
    let found = false
    for (const item of items) found = visit(item, path, drops, depth + 1) || found
    return found
  }
  if (!isLast) {
    const found = visit(value[step], path, drops, depth + 1)
    const part = value[step]
    if (drops && found && step === 'lifecycle' && isJsonObject(part) && Object.keys(part).length === 0) {
      delete value[step]
    }
    return found
  }
  if (value[step] === undefined || isSidecars(path, value[step])) return false
  if (drops) delete value[step]
  return true
}

/** Init containers have had one policy of their own from before: it makes sidecars of them. */
const isSidecars = (path: readonly string[], value: unknown): boolean =>
  value === 'Always' && path.at(-1) === 'restartPolicy' && path.at(-2) === 'initContainers[]'

/** Volumes that are images go altogether, and so do their mounts. */
export function dropImageVolumes(spec: Draft<PodSpec> | undefined, old?: PodSpec): void {
  const images = (spec?.volumes ?? []).filter(({ image }) => image !== undefined).map(({ name }) => name)
  if (spec === undefined || images.length === 0 || old?.volumes?.some(({ image }) => image !== undefined)) return
  spec.volumes = (spec.volumes ?? []).filter(({ image }) => image === undefined)
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'] as const) {
    for (const container of spec[list] ?? []) {
      if (container.volumeMounts === undefined) continue
      container.volumeMounts = container.volumeMounts.filter(({ name }) => !images.includes(name))
    }
  }
}
