import type { OwnerReference } from '../../api/generated/meta-v1.ts'
import type { Change, PatchChange } from '../../reconcile/change.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { FOREGROUND_FINALIZER, isDeletingDependents, isOrphaning, ORPHAN_FINALIZER } from './graph.ts'
import type { GraphNode } from './graph.ts'

/** How an owner stands: it lives, it is gone (verified by asking the server), or it goes once its dependents are gone. */
export type OwnerState = 'solid' | 'absent' | 'waiting'

/** An object as the server has it now, its dependents as the graph has them, and how its owners stand. */
export interface CollectView {
  readonly node: GraphNode
  readonly dependents: readonly GraphNode[]
  readonly owners: ReadonlyMap<string, OwnerState>
}

/**
 * The next step for one object of the owner graph, as Kubernetes' garbage collector takes it: an owner that is being
 * deleted orphans its dependents or waits for them; an object whose last owner is gone is deleted.
 */
export function decideCollect(view: CollectView): Decision {
  const { node } = view
  if (isOrphaning(node)) return orphanDependents(view)
  if (isDeletingDependents(node)) return finishForeground(view)
  if (node.isBeingDeleted || node.owners.length === 0) return SETTLED
  const inState = (state: OwnerState) => node.owners.filter(({ uid }) => view.owners.get(uid) === state)
  const gone = [...inState('absent'), ...inState('waiting')]
  if (inState('solid').length > 0) {
    // Somebody still owns it: it only forgets the owners that went.
    return gone.length === 0 ? SETTLED : { changes: [dropOwners(node, gone)] }
  }
  if (gone.length === 0) return SETTLED
  return deleteObject(view, inState('waiting').length > 0)
}

/** Whether one of the owners has to be asked for at the server before a decision is made. */
export function needsOwners(node: GraphNode): boolean {
  return !node.isBeingDeleted && node.owners.length > 0
}

function deleteObject(view: CollectView, isOwnerWaiting: boolean): Decision {
  const { node, dependents } = view
  const propagationPolicy = policyOf(node, isOwnerWaiting && dependents.length > 0)
  const options = { propagationPolicy }
  const deletion: Change = { verb: 'delete', type: node.type, key: node.key, uid: node.uid, options }
  // Two that wait for each other would wait for ever: such a dependent no longer blocks.
  const isCircle = isOwnerWaiting && dependents.some(isDeletingDependents)
  return { changes: isCircle ? [unblock(node), deletion] : [deletion] }
}

function policyOf(node: GraphNode, isForeground: boolean): 'Foreground' | 'Background' | 'Orphan' {
  if (node.finalizers.includes(ORPHAN_FINALIZER)) return 'Orphan'
  if (isForeground || node.finalizers.includes(FOREGROUND_FINALIZER)) return 'Foreground'
  return 'Background'
}

/** Dependents that block are deleted on their own account; when none is left, the owner may go. */
function finishForeground(view: CollectView): Decision {
  const { node, dependents } = view
  const blocking = dependents.filter((dependent) => isBlocking(dependent, node))
  return blocking.length > 0 ? SETTLED : { changes: [removeFinalizer(node, FOREGROUND_FINALIZER)] }
}

function orphanDependents(view: CollectView): Decision {
  const { node, dependents } = view
  const orphaned = dependents.map((dependent) => dropOwners(dependent, [{ uid: node.uid }]))
  return { changes: [{ verb: 'together', changes: orphaned }, removeFinalizer(node, ORPHAN_FINALIZER)] }
}

export function isBlocking(dependent: GraphNode, owner: GraphNode): boolean {
  return dependent.owners.some(({ uid, blockOwnerDeletion }) => uid === owner.uid && blockOwnerDeletion === true)
}

function dropOwners(node: GraphNode, owners: readonly Pick<OwnerReference, 'uid'>[]): PatchChange {
  const gone = new Set(owners.map(({ uid }) => uid))
  const ownerReferences = node.owners.filter(({ uid }) => !gone.has(uid))
  return patchMetadata(node, { ownerReferences: ownerReferences.length === 0 ? null : ownerReferences })
}

function unblock(node: GraphNode): PatchChange {
  const ownerReferences = node.owners.map((owner) => ({ ...owner, blockOwnerDeletion: false }))
  return patchMetadata(node, { ownerReferences })
}

function removeFinalizer(node: GraphNode, finalizer: string): PatchChange {
  return patchMetadata(node, { finalizers: node.finalizers.filter((other) => other !== finalizer) })
}

/** A merge patch, which every resource understands; the version makes it fail where someone else was quicker. */
function patchMetadata(node: GraphNode, metadata: Readonly<Record<string, unknown>>): PatchChange {
  const guard = {
    uid: node.uid,
    ...(node.resourceVersion === undefined ? {} : { resourceVersion: node.resourceVersion }),
  }
  const patch = { metadata: { ...guard, ...metadata } }
  return { verb: 'patch', type: node.type, key: node.key, patch: { type: 'merge', patch } }
}
