import {
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  namespaces,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  replicaSets,
  replicationControllers,
  services,
  statefulSets,
  storageClasses,
  volumeAttachments,
} from '../api/generated/resources.ts'
import type { KubeObject } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { ViewKind } from './cluster-view.ts'
import type { ClusterEvent } from './framework.ts'

/** What a view holds beside nodes and pods, and as what a change of it counts for pods that wait. */
export const VIEWED: readonly (readonly [ViewKind, ResourceType<KubeObject>, ClusterEvent | undefined])[] = [
  ['Namespace', namespaces, undefined],
  ['PersistentVolumeClaim', persistentVolumeClaims, 'claims'],
  ['PersistentVolume', persistentVolumes, 'volumes'],
  ['StorageClass', storageClasses, 'classes'],
  ['CSINode', csiNodes, 'csi-nodes'],
  ['CSIDriver', csiDrivers, 'csi-drivers'],
  ['CSIStorageCapacity', csiStorageCapacities, 'capacities'],
  ['VolumeAttachment', volumeAttachments, 'attachments'],
  ['PodDisruptionBudget', podDisruptionBudgets, undefined],
  ['Service', services, undefined],
  ['ReplicationController', replicationControllers, undefined],
  ['ReplicaSet', replicaSets, undefined],
  ['StatefulSet', statefulSets, undefined],
] as readonly (readonly [ViewKind, ResourceType, ClusterEvent | undefined])[]
