import type {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Service,
} from '../api/generated/core-v1.ts'
import type { PodDisruptionBudget } from '../api/generated/policy-v1.ts'
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
} from '../api/generated/storage-v1.ts'
import type { KubeObject } from '../api/object.ts'
import { createNodeTable } from './node-table.ts'
import type { NodeTable } from './node-table.ts'
import { createNominations } from './nominations.ts'
import type { Nominations } from './nominations.ts'

/**
 * All that a decision looks at. Whoever owns the view keeps it up to date ({@link putObject}, {@link removeObject}, the
 * table's own pods and nodes); plugins read it. Maps are by `namespace/name`, or by name for kinds without namespace.
 */
export interface ClusterView {
  readonly table: NodeTable
  readonly nominations: Nominations
  readonly namespaces: Map<string, Readonly<Record<string, string>>>
  readonly claims: Map<string, PersistentVolumeClaim>
  readonly volumes: Map<string, PersistentVolume>
  readonly classes: Map<string, StorageClass>
  readonly csiNodes: Map<string, CSINode>
  readonly csiDrivers: Map<string, CSIDriver>
  readonly capacities: Map<string, CSIStorageCapacity>
  readonly attachments: Map<string, VolumeAttachment>
  readonly budgets: Map<string, PodDisruptionBudget>
  readonly services: Map<string, Service>
  /** ReplicationControllers, ReplicaSets and StatefulSets, by `Kind/namespace/name`. */
  readonly owners: Map<string, KubeObject>
}

export function createClusterView(): ClusterView {
  return {
    table: createNodeTable(),
    nominations: createNominations(),
    namespaces: new Map(),
    claims: new Map(),
    volumes: new Map(),
    classes: new Map(),
    csiNodes: new Map(),
    csiDrivers: new Map(),
    capacities: new Map(),
    attachments: new Map(),
    budgets: new Map(),
    services: new Map(),
    owners: new Map(),
  }
}

/** Kinds that a view holds beside nodes and pods, which go to its table. */
export const VIEW_KINDS = {
  Namespace: 'namespaces',
  PersistentVolumeClaim: 'claims',
  PersistentVolume: 'volumes',
  StorageClass: 'classes',
  CSINode: 'csiNodes',
  CSIDriver: 'csiDrivers',
  CSIStorageCapacity: 'capacities',
  VolumeAttachment: 'attachments',
  PodDisruptionBudget: 'budgets',
  Service: 'services',
  ReplicationController: 'owners',
  ReplicaSet: 'owners',
  StatefulSet: 'owners',
} as const satisfies Readonly<Record<string, keyof ClusterView>>

export type ViewKind = keyof typeof VIEW_KINDS

/** Brings an object of one of {@link VIEW_KINDS} into the view, or up to date there. */
export function putObject(view: ClusterView, kind: ViewKind, object: KubeObject): void {
  if (kind === 'Namespace') view.namespaces.set(viewKey(kind, object), (object as Namespace).metadata.labels ?? {})
  else (view[VIEW_KINDS[kind]] as Map<string, KubeObject>).set(viewKey(kind, object), object)
}

export function removeObject(view: ClusterView, kind: ViewKind, object: KubeObject): void {
  view[VIEW_KINDS[kind]].delete(viewKey(kind, object))
}

function viewKey(kind: ViewKind, { metadata: { namespace, name = '' } }: KubeObject): string {
  const key = namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
  return VIEW_KINDS[kind] === 'owners' ? `${kind}/${key}` : key
}

/** Whether a pod takes up room on the node that its spec names. */
export function occupies({ spec, status }: Pod): boolean {
  return (spec?.nodeName ?? '') !== '' && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
}

/** A view of a cluster from its objects alone, such as lists of a moment. */
export function viewOf(
  nodes: Iterable<Node>,
  pods: Iterable<Pod>,
  others: Iterable<readonly [ViewKind, KubeObject]> = [],
): ClusterView {
  const view = createClusterView()
  for (const node of nodes) view.table.putNode(node)
  for (const [kind, object] of others) putObject(view, kind, object)
  for (const pod of pods) {
    if (occupies(pod)) view.table.addPod(pod, pod.spec?.nodeName ?? '')
    else if ((pod.status?.nominatedNodeName ?? '') !== '')
      view.nominations.put(pod, pod.status?.nominatedNodeName ?? '')
  }
  return view
}
