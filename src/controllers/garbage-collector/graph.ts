import type { OwnerReference } from '../../api/generated/meta-v1.ts'
import type { KubeObject, ObjectKey } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'

export const FOREGROUND_FINALIZER = 'foregroundDeletion'
export const ORPHAN_FINALIZER = 'orphan'

/** What the collector knows of an object. */
export interface GraphNode {
  readonly uid: string
  readonly type: ResourceType
  readonly key: ObjectKey
  readonly owners: readonly OwnerReference[]
  readonly isBeingDeleted: boolean
  readonly finalizers: readonly string[]
  readonly resourceVersion: string | undefined
}

/** Who owns whom, over all resources, by uid. An owner may be known by its dependents before it is seen, or after it went. */
export interface OwnerGraph {
  readonly size: number
  get(uid: string): GraphNode | undefined
  dependentsOf(uid: string): readonly GraphNode[]
  /** Enters an object or its new state; returns the uids that are to be looked at because of it. */
  put(type: ResourceType, object: KubeObject): readonly string[]
  remove(uid: string): readonly string[]
}

/** Whether the object waits until those of its dependents that block it are gone. */
export function isDeletingDependents(node: GraphNode): boolean {
  return node.isBeingDeleted && node.finalizers.includes(FOREGROUND_FINALIZER)
}

export function isOrphaning(node: GraphNode): boolean {
  return node.isBeingDeleted && node.finalizers.includes(ORPHAN_FINALIZER)
}

export function createOwnerGraph(): OwnerGraph {
  const nodes = new Map<string, GraphNode>()
  const dependents = new Map<string, Set<string>>()

  const dependentsOf = (uid: string): readonly GraphNode[] => {
    const uids = dependents.get(uid)
    return uids === undefined ? [] : [...uids].map((dependent) => nodes.get(dependent)!)
  }
  const link = (node: GraphNode) => {
    for (const { uid } of node.owners) {
      const known = dependents.get(uid)
      if (known === undefined) dependents.set(uid, new Set([node.uid]))
      else known.add(node.uid)
    }
  }
  const unlink = (node: GraphNode) => {
    for (const { uid } of node.owners) {
      const known = dependents.get(uid)
      known?.delete(node.uid)
      if (known?.size === 0) dependents.delete(uid)
    }
  }
  /** Owners that may go now that one of those who blocked them changed or went. */
  const waitingOwners = (node: GraphNode | undefined): string[] => {
    const owners = (node?.owners ?? []).map(({ uid }) => nodes.get(uid))
    return owners.filter((owner) => owner !== undefined && isDeletingDependents(owner)).map((owner) => owner!.uid)
  }

  return {
    get size() {
      return nodes.size
    },
    get: (uid) => nodes.get(uid),
    dependentsOf,
    put(type, object) {
      const node = nodeOf(type, object)
      const previous = nodes.get(node.uid)
      if (previous !== undefined) unlink(previous)
      nodes.set(node.uid, node)
      link(node)
      const affected = waitingOwners(previous)
      if (isDeletingDependents(node) || isOrphaning(node)) {
        affected.push(node.uid, ...dependentsOf(node.uid).map((dependent) => dependent.uid))
      }
      const isSuspect = node.owners.some(({ uid }) => {
        const owner = nodes.get(uid)
        return owner === undefined || isDeletingDependents(owner)
      })
      if (isSuspect) affected.push(node.uid)
      return affected
    },
    remove(uid) {
      const node = nodes.get(uid)
      if (node === undefined) return []
      const affected = [...dependentsOf(uid).map((dependent) => dependent.uid), ...waitingOwners(node)]
      unlink(node)
      nodes.delete(uid)
      return affected
    },
  }
}

export function nodeOf(type: ResourceType, object: KubeObject): GraphNode {
  const { uid, name, namespace, ownerReferences, deletionTimestamp, finalizers, resourceVersion } = object.metadata
  return {
    uid: uid!,
    type,
    key: namespace === undefined ? { name: name! } : { namespace, name: name! },
    owners: ownerReferences ?? [],
    isBeingDeleted: deletionTimestamp !== undefined,
    finalizers: finalizers ?? [],
    resourceVersion,
  }
}
