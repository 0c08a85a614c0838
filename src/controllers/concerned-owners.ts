import type { KubeObject } from '../api/object.ts'
import { fromLabelSelector, matchesLabels } from '../api/meta/label-selector.ts'
import { NAMESPACE_INDEX } from '../informer/indexes.ts'
import type { Informer } from '../informer/informer.ts'
import { controllerOf, ownKey } from '../reconcile/source.ts'
import type { KeysOf } from '../reconcile/source.ts'
import type { SelectingOwner } from './claim.ts'

/**
 * Whom a dependent concerns: its controller, by `ownerKey`, or, where it has none, every owner that selects it and so may
 * adopt it.
 */
export function concernedOwners<T extends SelectingOwner>(
  owners: Informer<T>,
  ownerKey: KeysOf<KubeObject>,
): KeysOf<KubeObject> {
  return (object) => {
    if (controllerOf(object) !== undefined) return ownerKey(object)
    const candidates = owners.by(NAMESPACE_INDEX, object.metadata.namespace!)
    return candidates.filter((owner) => selects(owner, object)).flatMap((owner) => [...ownKey(owner)])
  }
}

export function selects(owner: SelectingOwner, object: KubeObject): boolean {
  const selector = fromLabelSelector(owner.spec?.selector)
  return selector !== undefined && matchesLabels(selector, object.metadata.labels)
}
