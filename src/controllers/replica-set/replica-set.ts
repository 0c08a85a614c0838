import { pods, replicaSets } from '../../api/generated/resources.ts'
import { OWNER_INDEX } from '../../informer/indexes.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey } from '../../reconcile/source.ts'
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
    const concerned = concernedOwners(setInformer, setKeyOf)
    return {
      sources: [changesOf(setInformer), changesOf(podInformer, concerned, isCountedChange)],
      reconcile(key, nowMs) {
        const replicaSet = setInformer.getByKey(key)
        if (replicaSet === undefined) {
          failures.forget(key)
          return SETTLED
        }
        const owned = podInformer.by(OWNER_INDEX, replicaSet.metadata.uid!)
        const orphans = podInformer.by(ORPHAN_INDEX, replicaSet.metadata.namespace!)
        const view = { replicaSet, candidates: [...owned, ...orphans], failure: failures.get(key) }
        return failures.watch(key, decideReplicaSet(view, nowMs))
      },
    }
  },
}
