import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { nodes, pods } from '../../api/generated/resources.ts'
import { byNodeName, NODE_INDEX } from '../../informer/indexes.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { changesOf, ownKey } from '../../reconcile/source.ts'
import { evictionsOf, NONE } from './core.ts'
import type { Evictions } from './core.ts'

/** Ends pods whose node has a taint that they do not tolerate, or not for so long. */
export const taintEvictionController: Controller = {
  name: 'taint-eviction-controller',
  account: 'node-controller',
  build(context) {
    const nodeInformer = context.informer(nodes)
    const podInformer = context.informer(pods)
    podInformer.addIndex(NODE_INDEX, byNodeName)
    const appointments = new Map<string, Evictions['later']>()
    return {
      sources: [
        changesOf(nodeInformer, ownKey, hasOtherTaints),
        changesOf(podInformer, podNode, (pod, previous) => pod.spec !== previous.spec),
      ],
      reconcile(key, nowMs) {
        const before = appointments.get(key) ?? NONE.later
        const { changes, later, nextMs } = evictionsOf(
          nodeInformer.getByKey(key),
          podInformer.by(NODE_INDEX, key),
          before,
          nowMs,
        )
        if (later.size === 0) appointments.delete(key)
        else appointments.set(key, later)
        return nextMs === Infinity ? { changes } : { changes, requeueAfterMs: nextMs }
      },
    }
  },
}

const hasOtherTaints = (node: Node, previous: Node) => node.spec?.taints !== previous.spec?.taints

function podNode(pod: Pod): readonly string[] {
  const nodeName = pod.spec?.nodeName ?? ''
  return nodeName === '' ? [] : [nodeName]
}
