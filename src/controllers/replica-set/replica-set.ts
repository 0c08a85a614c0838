import type { ReplicaSet } from '../../api/generated/apps-v1.ts'
import { pods, replicaSets } from '../../api/generated/resources.ts'
import type { Informer } from '../../informer/informer.ts'
import { OWNER_INDEX } from '../../informer/indexes.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey, controllerOf } from '../../reconcile/source.ts'
import { concernedOwners } from '../concerned-owners.ts'
import { isCountedChange } from '../counted-change.ts'
import { ORPHAN_INDEX, orphanNamespace } from '../orphans.ts'
import { decideReplicaSet } from './core.ts'
import { createScalingFailures } from './scaling-failures.ts'

const setKeyOf = controllerKey('apps', 'ReplicaSet')

/** Keeps the wanted number of pods of each ReplicaSet. */
export const replicaSetController: Controller = {
  name: 'replicaset-controller',
  build(context) {
    const setInformer = context.informer(replicaSets)
    const podInformer = context.informer(pods)
    const failures = createScalingFailures()
    podInformer.addIndex(ORPHAN_INDEX, orphanNamespace)
    const podsOf = ({ metadata }: ReplicaSet) => podInformer.by(OWNER_INDEX, metadata.uid!)
    const concerned = concernedOwners(setInformer, setKeyOf)
    return {
      sources: [changesOf(setInformer), changesOf(podInformer, concerned, isCountedChange)],
      reconcile(key, nowMs) {
        const replicaSet = setInformer.getByKey(key)
        if (replicaSet === undefined) {
          failures.forget(key)
          return SETTLED
        }
        const owned = podsOf(replicaSet)
        const orphans = podInformer.by(ORPHAN_INDEX, replicaSet.metadata.namespace!)
        const related = () => siblingsOf(setInformer, replicaSet).flatMap(podsOf)
        const view = { replicaSet, candidates: [...owned, ...orphans], related, failure: failures.get(key) }
        return failures.watch(key, decideReplicaSet(view, nowMs))
      },
    }
  },
}

/** The sets of its owner, itself included. */
function siblingsOf(sets: Informer<ReplicaSet>, set: ReplicaSet): readonly ReplicaSet[] {
  const owner = controllerOf(set)
  return owner === undefined ? [] : sets.by(OWNER_INDEX, owner.uid)
}
