import type { ResourceType } from '../resource-type.ts'
import { groupResourceOf } from '../resource-type.ts'

/** How the verbs treat a kind, as facts. */
export interface Strategy {
  /** Has a `status` subresource: status is written by it alone. */
  readonly hasStatus: boolean
  /** What the status says is dropped when an object is created. */
  readonly resetsStatus: boolean
  /** `metadata.generation` of a new object is 1. */
  readonly startsGeneration: boolean
  /** `metadata.generation` counts the changes of all but metadata and status. */
  readonly countsGeneration: boolean
  /** A PUT to a name that does not exist creates it. */
  readonly createsOnUpdate: boolean
  /** A PUT may leave out `metadata.resourceVersion`. */
  readonly updatesUnconditionally: boolean
  /** Deletion leaves a grace period and waits for who runs the object: pods. */
  readonly deletesGracefully: boolean
  /** What DELETE does with dependents where neither options nor finalizers say; `none` where nobody may say. */
  readonly defaultPropagation: 'Background' | 'Orphan' | 'none'
  /** A successful DELETE answers with the object rather than a Status. */
  readonly deleteAnswersObject: boolean
}

/** A generation that never rises, and one that is not there until it does. */
const ONLY_STARTS = 'priorityclasses.scheduling.k8s.io'
const ONLY_COUNTS = 'csidrivers.storage.k8s.io'

const COUNTS_GENERATION: ReadonlySet<string> = new Set([
  'pods',
  'replicationcontrollers',
  'daemonsets.apps',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'ingresses.networking.k8s.io',
  'ingressclasses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'poddisruptionbudgets.policy',
  'customresourcedefinitions.apiextensions.k8s.io',
  'endpointslices.discovery.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'podtemplates',
  'deviceclasses.resource.k8s.io',
  'resourceslices.resource.k8s.io',
])

const CREATES_ON_UPDATE: ReadonlySet<string> = new Set([
  'endpoints',
  'events',
  'events.events.k8s.io',
  'limitranges',
  'services',
  'leases.coordination.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'runtimeclasses.node.k8s.io',
])

/** An update of these must name the version that it replaces. */
const UPDATES_BY_VERSION: ReadonlySet<string> = new Set([
  'customresourcedefinitions.apiextensions.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'storageversions.internal.apiserver.k8s.io',
  'storageversionmigrations.storagemigration.k8s.io',
  'clustertrustbundles.certificates.k8s.io',
  'podcertificaterequests.certificates.k8s.io',
  'leases.coordination.k8s.io',
  'leasecandidates.coordination.k8s.io',
  'runtimeclasses.node.k8s.io',
  'poddisruptionbudgets.policy',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
])

/** What these made stays when they are deleted and nobody says otherwise. */
const ORPHANS_BY_DEFAULT: ReadonlySet<string> = new Set(['jobs.batch', 'replicationcontrollers'])

const KEEPS_STATUS_ON_CREATE: ReadonlySet<string> = new Set([
  'nodes',
  'apiservices.apiregistration.k8s.io',
  'servicecidrs.networking.k8s.io',
])

/** Objects of these are answered by DELETE where they are gone at once. */
const DELETE_ANSWERS_OBJECT: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'serviceaccounts',
  'persistentvolumes',
  'persistentvolumeclaims',
  'resourcequotas',
  'podtemplates',
  'storageclasses.storage.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'volumeattributesclasses.storage.k8s.io',
  'deviceclasses.resource.k8s.io',
  'resourceclaims.resource.k8s.io',
  'resourceclaimtemplates.resource.k8s.io',
  'resourceslices.resource.k8s.io',
])

const strategies = new Map<string, Strategy>()

/** The facts of a kind. Custom resources count generations, and have a status where their definition says so. */
export function strategyOf(type: ResourceType): Strategy {
  const key = `${type.definition} ${groupResourceOf(type)}`
  const known = type.definition.startsWith('io.k8s.') ? strategies.get(key) : undefined
  if (known !== undefined) return known
  const strategy = makeStrategy(type)
  if (type.definition.startsWith('io.k8s.')) strategies.set(key, strategy)
  return strategy
}

function makeStrategy(type: ResourceType): Strategy {
  const name = groupResourceOf(type)
  const custom = !type.definition.startsWith('io.k8s.')
  const isEvent = name === 'events' || name === 'events.events.k8s.io'
  const hasStatus = type.subresources.some((part) => part.name === 'status')
  return {
    hasStatus,
    resetsStatus: hasStatus && !KEEPS_STATUS_ON_CREATE.has(name),
    startsGeneration: custom || COUNTS_GENERATION.has(name) || name === ONLY_STARTS,
    countsGeneration: custom || COUNTS_GENERATION.has(name) || name === ONLY_COUNTS,
    createsOnUpdate: CREATES_ON_UPDATE.has(name),
    updatesUnconditionally: !custom && !UPDATES_BY_VERSION.has(name),
    deletesGracefully: name === 'pods',
    defaultPropagation: isEvent ? 'none' : ORPHANS_BY_DEFAULT.has(name) ? 'Orphan' : 'Background',
    deleteAnswersObject: DELETE_ANSWERS_OBJECT.has(name),
  }
}
