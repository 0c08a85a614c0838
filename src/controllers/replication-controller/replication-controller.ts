import type { ReplicaSet } from '../../api/generated/apps-v1.ts'
import type { ReplicationController } from '../../api/generated/core-v1.ts'
import { pods, replicaSets, replicationControllers } from '../../api/generated/resources.ts'
import { OWNER_INDEX } from '../../informer/indexes.ts'
import type { Change } from '../../reconcile/change.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey, controllerOf, ownKey } from '../../reconcile/source.ts'
import { NAMESPACE_INDEX } from '../../informer/indexes.ts'
import { ORPHAN_INDEX, orphanNamespace } from '../orphans.ts'
import { selects } from '../concerned-owners.ts'
import { decideReplicaSet } from '../replica-set/core.ts'
import { createScalingFailures } from '../replica-set/scaling-failures.ts'

const ownerKeyOf = controllerKey('', 'ReplicationController')

/** Keeps the wanted number of pods of each ReplicationController: as Kubernetes does, as if it were a ReplicaSet. */
export const replicationController: Controller = {
  name: 'replication-controller',
  build(context) {
    const informer = context.informer(replicationControllers)
    const podInformer = context.informer(pods)
    const failures = createScalingFailures()
    podInformer.addIndex(ORPHAN_INDEX, orphanNamespace)
    return {
      sources: [
        changesOf(informer),
        changesOf(podInformer, (pod) => {
          if (controllerOf(pod) !== undefined) return ownerKeyOf(pod)
          const candidates = informer.by(NAMESPACE_INDEX, pod.metadata.namespace!)
          return candidates.filter((one) => selects(asReplicaSet(one), pod)).flatMap((one) => [...ownKey(one)])
        }),
      ],
      reconcile(key, nowMs) {
        const controller = informer.getByKey(key)
        if (controller === undefined) {
          failures.forget(key)
          return SETTLED
        }
        const owned = podInformer.by(OWNER_INDEX, controller.metadata.uid!)
        const orphans = podInformer.by(ORPHAN_INDEX, controller.metadata.namespace!)
        const replicaSet = asReplicaSet(controller)
        const view = { replicaSet, candidates: [...owned, ...orphans], failure: failures.get(key) }
        const decision = decideReplicaSet(view, nowMs)
        const changes = decision.changes.map((change) => ofController(change, controller))
        return failures.watch(key, { ...decision, changes })
      },
    }
  },
}

/** The same wishes with a selector of the newer form. */
function asReplicaSet(controller: ReplicationController): ReplicaSet {
  const selector = { matchLabels: controller.spec?.selector ?? {} }
  return { ...controller, spec: { ...controller.spec, selector } } as ReplicaSet
}

/** A status that was decided for the ReplicaSet is written to the controller. */
function ofController(change: Change, controller: ReplicationController): Change {
  if (change.verb !== 'update' || change.type !== replicaSets) return change
  const { status } = change.object as ReplicaSet
  const object = { ...controller, status } as ReplicationController
  return { ...change, type: replicationControllers, object }
}
