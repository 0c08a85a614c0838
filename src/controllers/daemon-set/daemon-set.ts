import { isDeepStrictEqual } from 'node:util'
import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { controllerRevisions, daemonSets, nodes, pods } from '../../api/generated/resources.ts'
import { OWNER_INDEX } from '../../informer/indexes.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey, ownKey } from '../../reconcile/source.ts'
import { concernedOwners } from '../concerned-owners.ts'
import { ORPHAN_INDEX, orphanNamespace } from '../orphans.ts'
import { decideDaemonSet } from './core.ts'
import { createHoldBack } from './hold-back.ts'

const setKeyOf = controllerKey('apps', 'DaemonSet')

/** Keeps a pod of each DaemonSet on each node that is to have one. */
export const daemonSetController: Controller = {
  name: 'daemon-set-controller',
  eventSource: 'daemonset-controller',
  build(context) {
    const setInformer = context.informer(daemonSets)
    const podInformer = context.informer(pods)
    const nodeInformer = context.informer(nodes)
    const revisionInformer = context.informer(controllerRevisions)
    podInformer.addIndex(ORPHAN_INDEX, orphanNamespace)
    revisionInformer.addIndex(ORPHAN_INDEX, orphanNamespace)
    const holdBack = createHoldBack()
    const concerned = concernedOwners(setInformer, setKeyOf)
    const everySet = () => setInformer.list().flatMap((set) => [...ownKey(set)])
    return {
      sources: [
        changesOf(setInformer),
        changesOf(podInformer, concerned),
        changesOf(revisionInformer, setKeyOf),
        changesOf(nodeInformer, everySet, mayChangeEligibility),
      ],
      reconcile(key, nowMs) {
        const set = setInformer.getByKey(key)
        if (set === undefined) return SETTLED
        const { uid, namespace } = set.metadata
        const view = {
          set,
          nodes: nodeInformer.list(),
          candidates: [...podInformer.by(OWNER_INDEX, uid!), ...podInformer.by(ORPHAN_INDEX, namespace!)],
          revisions: [...revisionInformer.by(OWNER_INDEX, uid!), ...revisionInformer.by(ORPHAN_INDEX, namespace!)],
          isRevisionTaken: (name: string) => revisionInformer.get({ namespace: namespace!, name }) !== undefined,
          holdBack: (nodeName: string, pod: Pod) => holdBack(`${uid}/${nodeName}`, pod, nowMs),
        }
        return decideDaemonSet(view, nowMs)
      },
    }
  },
}

/** Heartbeats change nodes all the time, and concern no daemon. */
function mayChangeEligibility(node: Node, previous: Node): boolean {
  return (
    !isDeepStrictEqual(node.metadata.labels, previous.metadata.labels) ||
    !isDeepStrictEqual(node.spec?.taints, previous.spec?.taints)
  )
}
