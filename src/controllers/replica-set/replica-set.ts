import type { Pod } from '../../api/generated/core-v1.ts'
import { pods, replicaSets } from '../../api/generated/resources.ts'
import { fromLabelSelector, matchesLabels } from '../../api/meta/label-selector.ts'
import { NAMESPACE_INDEX, OWNER_INDEX } from '../../informer/indexes.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey, controllerOf, ownKey } from '../../reconcile/source.ts'
import { ORPHAN_INDEX, orphanNamespace } from '../orphans.ts'
import { decideReplicaSet } from './core.ts'

const setKeyOf = controllerKey('apps', 'ReplicaSet')

/** Keeps the wanted number of pods of each ReplicaSet. */
export const replicaSetController: Controller = {
  name: 'replicaset-controller',
  build(context) {
    const setInformer = context.informer(replicaSets)
    const podInformer = context.informer(pods)
    podInformer.addIndex(ORPHAN_INDEX, orphanNamespace)
    // A pod without a controller concerns whoever may adopt it.
    const concerned = (pod: Pod): Iterable<string> => {
      if (controllerOf(pod) !== undefined) return setKeyOf(pod)
      const sets = setInformer.by(NAMESPACE_INDEX, pod.metadata.namespace!)
      const matching = sets.filter((set) => {
        const selector = fromLabelSelector(set.spec?.selector)
        return selector !== undefined && matchesLabels(selector, pod.metadata.labels)
      })
      return matching.flatMap((set) => [...ownKey(set)])
    }
    return {
      sources: [changesOf(setInformer), changesOf(podInformer, concerned)],
      reconcile(key, nowMs) {
        const replicaSet = setInformer.getByKey(key)
        if (replicaSet === undefined) return SETTLED
        const owned = podInformer.by(OWNER_INDEX, replicaSet.metadata.uid!)
        const orphans = podInformer.by(ORPHAN_INDEX, replicaSet.metadata.namespace!)
        return decideReplicaSet({ replicaSet, candidates: [...owned, ...orphans] }, nowMs)
      },
    }
  },
}
