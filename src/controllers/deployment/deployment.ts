import type { ReplicaSet } from '../../api/generated/apps-v1.ts'
import { deployments, pods, replicaSets } from '../../api/generated/resources.ts'
import { OWNER_INDEX } from '../../informer/indexes.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey, controllerOf } from '../../reconcile/source.ts'
import { isTerminal } from '../pod-phase.ts'
import { claim } from '../claim.ts'
import { concernedOwners } from '../concerned-owners.ts'
import { ORPHAN_INDEX, orphanNamespace } from '../orphans.ts'
import { decideDeployment } from './core.ts'
import { isSameTemplate } from './template-hash.ts'

const deploymentKeyOf = controllerKey('apps', 'Deployment')

/** Rolls Deployments out: one ReplicaSet for each template, and the pods moved over from the old to the new. */
export const deploymentController: Controller = {
  name: 'deployment-controller',
  build(context) {
    const informer = context.informer(deployments)
    const setInformer = context.informer(replicaSets)
    const podInformer = context.informer(pods)
    setInformer.addIndex(ORPHAN_INDEX, orphanNamespace)
    const hasPods = (set: ReplicaSet) => podInformer.by(OWNER_INDEX, set.metadata.uid!).some((pod) => !isTerminal(pod))
    return {
      sources: [
        changesOf(informer),
        changesOf(setInformer, concernedOwners(informer, deploymentKeyOf)),
        // Only a pod that goes matters here, to those who wait for the last of them: Recreate.
        changesOf(
          podInformer,
          (pod) => {
            const owner = controllerOf(pod)
            const set = setInformer.get({ namespace: pod.metadata.namespace!, name: owner?.name ?? '' })
            return set === undefined ? [] : deploymentKeyOf(set)
          },
          () => false,
        ),
      ],
      reconcile(key, nowMs) {
        const deployment = informer.getByKey(key)
        if (deployment === undefined) return SETTLED
        const { uid, namespace } = deployment.metadata
        const orphans = setInformer.by(ORPHAN_INDEX, namespace!)
        const { owned, changes } = claim(deployment, replicaSets, [...setInformer.by(OWNER_INDEX, uid!), ...orphans])
        const old = owned.filter((set) => !isSameTemplate(set.spec?.template, deployment.spec?.template))
        const isTaken = (name: string) => setInformer.get({ namespace: namespace!, name }) !== undefined
        const view = { deployment, replicaSets: owned, hasOldPods: old.some(hasPods), isTaken }
        const decision = decideDeployment(view, nowMs)
        // Adopted sets come back with new versions: what is decided about them would be stale.
        return changes.length === 0 ? decision : { changes }
      },
    }
  },
}
