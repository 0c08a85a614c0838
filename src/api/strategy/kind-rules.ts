import type { Draft } from '../draft.ts'
import type { APIService } from '../generated/apiregistration-v1.ts'
import type { EndpointSlice } from '../generated/discovery-v1.ts'
import type { DaemonSet, Deployment } from '../generated/apps-v1.ts'
import type { Job } from '../generated/batch-v1.ts'
import type { CustomResourceDefinition } from '../generated/apiextensions-v1.ts'
import type {
  Container,
  LimitRange,
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodSpec,
  Service,
  ServiceAccount,
} from '../generated/core-v1.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { dropImageVolumes } from './gated-fields.ts'
import { updateRequest } from './certificate-request.ts'
import { resolveLabelKeys } from './label-keys.ts'
import { qosClassOf } from './qos-class.ts'
import { createService, updateService } from './service.ts'

/** What a resource derives when it is created, beside what all do. */
export const CREATE_RULES: Readonly<Record<string, (object: never) => void>> = {
  pods: createPod,
  namespaces: createNamespace,
  persistentvolumes: createVolume,
  persistentvolumeclaims: createClaim,
  services: createService,
  limitranges: createLimitRange,
  'jobs.batch': createJob,
  serviceaccounts: nameSecrets,
  'endpointslices.discovery.k8s.io': dropTopology,
  'customresourcedefinitions.apiextensions.k8s.io': createDefinition,
  'apiservices.apiregistration.k8s.io': (service: Draft<APIService>) => {
    // What lies within this server is available from the start; of another one that has to be seen.
    if (service.spec?.service !== undefined) service.status = {}
  },
}

/** What a resource takes over from what it replaces, beside what all do. */
export const UPDATE_RULES: Readonly<
  Record<string, (object: never, old: never, subresource: string | undefined, now: string) => void>
> = {
  'certificatesigningrequests.certificates.k8s.io': updateRequest,
  'deployments.apps': updateDeployment,
  'daemonsets.apps': updateDaemonSet,
  pods: updatePod,
  serviceaccounts: nameSecrets,
  'jobs.batch': labelJob,
  'endpointslices.discovery.k8s.io': updateSlice,
  namespaces: updateNamespace,
  persistentvolumes: updateVolume,
  persistentvolumeclaims: (claim: Draft<PersistentVolumeClaim>, old: PersistentVolumeClaim, subresource?: string) => {
    if (subresource === undefined) settleSources(claim, old.spec)
  },
  services: (service: Draft<Service>, old: Service, subresource?: string) => {
    if (subresource === undefined) updateService(service, old)
  },
}

/** Of an account's secrets the names are kept. */
function nameSecrets(account: Draft<ServiceAccount>): void {
  if (account.secrets === undefined) return
  account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }))
}

function createPod(pod: Draft<Pod>): void {
  dropImageVolumes(pod.spec)
  resolveLabelKeys(pod)
  if ((pod.spec?.terminationGracePeriodSeconds ?? 0) < 0 && pod.spec) pod.spec.terminationGracePeriodSeconds = 1
  pod.metadata.generation = 1
  const qosClass = pod.status?.qosClass || qosClassOf(pod.spec as PodSpec)
  pod.status = { phase: 'Pending', qosClass, ...gatedConditions(pod) }
}

/** A pod with gates says from the start why it is not scheduled. */
function gatedConditions(pod: Draft<Pod>): Partial<NonNullable<Draft<Pod>['status']>> {
  if ((pod.spec?.schedulingGates ?? []).length === 0) return {}
  const { creationTimestamp } = pod.metadata
  const since = creationTimestamp === undefined ? {} : { lastTransitionTime: creationTimestamp }
  const message = 'Scheduling is blocked due to non-empty scheduling gates'
  return {
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message,
        lastProbeTime: null as never,
        ...since,
      },
    ],
  }
}

/** A Job without labels has its template's: Kubernetes fills them in whenever it reads one. */
function labelJob({ metadata, spec }: Draft<Job>): void {
  const labels = spec?.template.metadata?.labels
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
}

/** The `resize` subresource writes resources and nothing else: other changes are dropped, as Kubernetes does. */
function resizePod(pod: Draft<Pod>, old: Pod): void {
  const wanted = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  const resized = (containers: readonly Container[] = []) =>
    containers.map((container) => {
      const { resources, resizePolicy } = wanted.find(({ name }) => name === container.name) ?? container
      const { resources: _resources, resizePolicy: _policy, ...rest } = container
      return { ...rest, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) }
    })
  const { containers, initContainers } = old.spec as PodSpec
  const isComplete = pod.spec?.containers?.length === containers.length
  if (!isComplete) return
  pod.spec = {
    ...old.spec,
    containers: resized(containers),
    ...(initContainers !== undefined && { initContainers: resized(initContainers) }),
  } as Draft<Pod>['spec'] & {}
}

/** The same of `ephemeralcontainers`. */
function lookIntoPod(pod: Draft<Pod>, old: Pod): void {
  const ephemeralContainers = pod.spec?.ephemeralContainers
  const { ephemeralContainers: _, ...rest } = old.spec as PodSpec
  pod.spec = { ...rest, ...(ephemeralContainers && { ephemeralContainers }) } as Draft<Pod>['spec'] & {}
}

function keepMarks({ metadata }: Draft<Pod>, old: Pod): void {
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const) {
    delete metadata[field]
    if (old.metadata[field] !== undefined) Object.assign(metadata, { [field]: old.metadata[field] })
  }
}

function updatePod(pod: Draft<Pod>, old: Pod, subresource?: string): void {
  if (subresource === undefined) dropImageVolumes(pod.spec, old.spec)
  if (subresource === 'resize') resizePod(pod, old)
  if (subresource === 'ephemeralcontainers') lookIntoPod(pod, old)
  if (subresource === 'resize' || subresource === 'ephemeralcontainers') keepMarks(pod, old)
  if (subresource === 'status') {
    if (old.status?.qosClass !== undefined) pod.status = { qosClass: old.status.qosClass, ...pod.status }
    delete pod.metadata.deletionTimestamp
    if (old.metadata.deletionTimestamp) pod.metadata.deletionTimestamp = old.metadata.deletionTimestamp
  }
}

/** A Deployment's annotations are part of what is wanted of it. */
function updateDeployment({ metadata }: Draft<Deployment>, old: Deployment, subresource?: string): void {
  const { generation = 0, annotations } = old.metadata
  const isCounted = subresource !== undefined || metadata.generation !== generation
  if (isCounted || semanticallyEqual(metadata.annotations ?? {}, annotations ?? {})) return
  metadata.generation = generation + 1
}

/** Labels say which Service a slice is of: they count as part of it. */
function updateSlice(slice: Draft<EndpointSlice>, old: EndpointSlice): void {
  const { metadata } = slice
  const { generation = 0, labels } = old.metadata
  if (!semanticallyEqual(slice.endpoints, old.endpoints)) dropTopology(slice, old)
  if (semanticallyEqual(metadata.labels ?? {}, labels ?? {})) return
  metadata.generation = generation + 1
}

const HOST = 'kubernetes.io/hostname'

/** The topology of v1beta1 is not written any more; a node that it named stays named. */
function dropTopology({ endpoints }: Draft<EndpointSlice>, old?: EndpointSlice): void {
  const known = new Set((old?.endpoints ?? []).map(({ deprecatedTopology }) => deprecatedTopology?.[HOST]))
  for (const endpoint of endpoints ?? []) {
    const host = endpoint.deprecatedTopology?.[HOST]
    if (endpoint.nodeName === undefined && host !== undefined && host !== '' && known.has(host))
      endpoint.nodeName = host
    delete endpoint.deprecatedTopology
  }
}

const TEMPLATES = 'deprecated.daemonset.template.generation'

/** A DaemonSet's templates are counted, by the server alone. */
function updateDaemonSet({ metadata, spec }: Draft<DaemonSet>, old: DaemonSet, subresource?: string): void {
  if (subresource !== undefined) return
  const before = old.metadata.annotations?.[TEMPLATES] ?? '1'
  const isSame = semanticallyEqual(spec?.template, old.spec?.template)
  metadata.annotations = { ...metadata.annotations, [TEMPLATES]: isSame ? before : String(Number(before) + 1) }
}

/** A namespace is served until its finalizer has emptied it. */
function createNamespace(namespace: Draft<Namespace>): void {
  namespace.status = { phase: 'Active' }
  const { name } = namespace.metadata
  if (name) namespace.metadata.labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': name }
  const finalizers = namespace.spec?.finalizers ?? []
  if (!finalizers.includes('kubernetes')) namespace.spec = { finalizers: [...finalizers, 'kubernetes'] }
}

/** `spec.finalizers` are written by the `finalize` subresource alone. */
function updateNamespace(namespace: Draft<Namespace>, old: Namespace, subresource?: string): void {
  if (subresource === 'finalize') {
    if (old.status !== undefined) namespace.status = old.status as Draft<Namespace>['status'] & {}
    return
  }
  if (old.spec !== undefined) namespace.spec = old.spec as Draft<Namespace>['spec'] & {}
}

function createVolume(volume: Draft<PersistentVolume>): void {
  const { creationTimestamp } = volume.metadata
  const since = creationTimestamp === undefined ? {} : { lastPhaseTransitionTime: creationTimestamp }
  volume.status = { phase: 'Pending', ...since }
}

/** When the phase was reached is written for who does not write it. */
function updateVolume(
  volume: Draft<PersistentVolume>,
  old: PersistentVolume,
  subresource: string | undefined,
  now: string,
) {
  const { status } = volume
  if (subresource !== 'status' || status === undefined) return
  const [since, before] = [status.lastPhaseTransitionTime, old.status?.lastPhaseTransitionTime]
  if (status.phase !== old.status?.phase) {
    if (since === undefined || since === before) status.lastPhaseTransitionTime = now
  } else if (since === undefined && before !== undefined) status.lastPhaseTransitionTime = before
}

/** A range without a name gets one that nobody else has. */
function createLimitRange({ metadata }: Draft<LimitRange>): void {
  if (!metadata.name) metadata.name = metadata.uid ?? ''
}

function createClaim(claim: Draft<PersistentVolumeClaim>): void {
  claim.status = { phase: 'Pending' }
  settleSources(claim, undefined)
}

const SNAPSHOTS = 'snapshot.storage.k8s.io'

/** What a volume is filled from is written in two fields: the older one holds claims and snapshots alone. */
function settleSources({ spec }: Draft<PersistentVolumeClaim>, old: PersistentVolumeClaim['spec']): void {
  if (spec === undefined) return
  const { dataSource: source } = spec
  if (source !== undefined && old?.dataSource === undefined) {
    const { apiGroup = '', kind } = source
    const isSnapshot = apiGroup === SNAPSHOTS && kind === 'VolumeSnapshot'
    if (!isSnapshot && (apiGroup !== '' || kind !== 'PersistentVolumeClaim')) delete spec.dataSource
  }
  if (spec.dataSourceRef?.namespace && old?.dataSourceRef === undefined) delete spec.dataSourceRef
  if (spec.dataSourceRef === undefined) {
    if (spec.dataSource !== undefined) spec.dataSourceRef = { ...spec.dataSource }
  } else if (spec.dataSource === undefined && !spec.dataSourceRef.namespace) {
    const { namespace: _, ...reference } = spec.dataSourceRef
    spec.dataSource = reference
  }
}

/** Unless the selector is the author's own, a job's pods are found by its uid. */
function createJob(job: Draft<Job>): void {
  const { spec, metadata } = job
  if (spec === undefined || spec.manualSelector === true) return
  const uid = metadata.uid ?? ''
  const name = metadata.name ?? ''
  const labels = {
    'controller-uid': uid,
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
  }
  const own = (spec.template.metadata ??= {})
  const templateLabels = (own.labels ??= {})
  for (const [key, value] of Object.entries(labels)) templateLabels[key] ??= value
  // Kubernetes shares the template's labels with a job that has none of its own, generated ones included.
  if (metadata.labels === undefined || metadata.labels === templateLabels) metadata.labels = { ...templateLabels }
  spec.selector ??= {}
  spec.selector.matchLabels = { ...spec.selector.matchLabels, 'batch.kubernetes.io/controller-uid': uid }
}

function createDefinition(definition: Draft<CustomResourceDefinition>): void {
  const stored = definition.spec.versions?.find((version) => version.storage)
  definition.status = {
    conditions: null as never,
    acceptedNames: { plural: '', kind: '' },
    storedVersions: stored === undefined ? [] : [stored.name],
  }
}
