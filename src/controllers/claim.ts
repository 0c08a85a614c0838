import type { LabelSelector } from '../api/generated/meta-v1.ts'
import { fromLabelSelector, matchesLabels } from '../api/meta/label-selector.ts'
import { keyOf } from '../api/object.ts'
import type { KubeObject } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Change } from '../reconcile/change.ts'
import { controllerOf } from '../reconcile/source.ts'
import { controllerReference } from './controller-reference.ts'

/** An owner that knows its dependents by a selector. */
export interface SelectingOwner extends KubeObject {
  readonly spec?: { readonly selector?: LabelSelector }
}

export interface ClaimRules<T> {
  /** What must hold besides the selector; default: nothing. */
  readonly isMember?: (object: T) => boolean
  /** Whether an object without a controller may be taken over; default: any that is not being deleted. */
  readonly mayAdopt?: (object: T) => boolean
  /** What an adopted object has to carry, and loses when it is let go. */
  readonly finalizer?: string
}

/** Adopts objects without a controller that match the selector, and lets go of the owner's own that no longer do. */
export function claim<T extends KubeObject>(
  owner: SelectingOwner,
  type: ResourceType<T>,
  candidates: readonly T[],
  rules: ClaimRules<T> = {},
): { owned: T[]; changes: Change[] } {
  const { isMember = () => true, mayAdopt = isStaying, finalizer } = rules
  const selector = fromLabelSelector(owner.spec?.selector)
  const owned: T[] = []
  const changes: Change[] = []
  for (const object of candidates) {
    const controller = controllerOf(object)
    const matches = selector !== undefined && matchesLabels(selector, object.metadata.labels) && isMember(object)
    if (controller?.uid === owner.metadata.uid) {
      if (matches) owned.push(object)
      else changes.push(release(owner, type, object, finalizer))
    } else if (controller === undefined && matches && mayAdopt(object) && isStaying(owner)) {
      owned.push(object)
      const owners = [...(object.metadata.ownerReferences ?? []), controllerReference(owner)]
      const others = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer)
      changes.push(patchOwners(type, object, owners, finalizer === undefined ? undefined : [...others, finalizer]))
    }
  }
  return { owned, changes }
}

const isStaying = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp === undefined

function release(owner: KubeObject, type: ResourceType, object: KubeObject, finalizer?: string): Change {
  const others = object.metadata.ownerReferences!.filter(({ uid }) => uid !== owner.metadata.uid)
  const finalizers =
    finalizer === undefined ? undefined : object.metadata.finalizers?.filter((one) => one !== finalizer)
  return patchOwners(type, object, others.length === 0 ? null : others, finalizers)
}

function patchOwners(
  type: ResourceType,
  object: KubeObject,
  ownerReferences: KubeObject['metadata']['ownerReferences'] | null,
  finalizers: readonly string[] | undefined,
): Change {
  const { uid, resourceVersion } = object.metadata
  const metadata = { uid, resourceVersion, ownerReferences, ...(finalizers === undefined ? {} : { finalizers }) }
  const patch = { metadata }
  return { verb: 'patch', type, key: keyOf(object), patch: { type: 'merge', patch } }
}
