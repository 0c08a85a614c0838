import type { Lease } from '../../api/generated/coordination-v1.ts'
import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { leases, nodes, pods } from '../../api/generated/resources.ts'
import { byNodeName, NODE_INDEX } from '../../informer/indexes.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { decideNode } from './core.ts'
import { createHeartbeats } from './heartbeats.ts'

/** How long a node may be silent before it counts as lost, in milliseconds: Kubernetes' default. */
export const NODE_GRACE_MS = 50_000

/** How long a node that was just found silent is given to prove the contrary: our own process may have been held up. */
const SECOND_LOOK_MS = 1_000

/** The namespace of the leases by which nodes say that they live. */
const LEASE_NAMESPACE = 'kube-node-lease'

export interface NodeLifecycleOptions {
  readonly graceMs?: number
}

/** Notices nodes that fell silent, taints what is not well, and evicts pods that do not tolerate it. */
export function nodeLifecycleController(options: NodeLifecycleOptions = {}): Controller {
  const graceMs = options.graceMs ?? NODE_GRACE_MS
  return {
    name: 'node-controller',
    build(context) {
      const nodeInformer = context.informer(nodes)
      const podInformer = context.informer(pods)
      const leaseInformer = context.informer(leases)
      podInformer.addIndex(NODE_INDEX, byNodeName)
      const heartbeats = createHeartbeats()
      const suspects = new Set<string>()
      const registered = new Map<string, Node>()
      return {
        sources: [
          changesOf(nodeInformer),
          changesOf(leaseInformer, leaseNode),
          changesOf(podInformer, podNode, (pod, previous) => pod.spec !== previous.spec),
        ],
        reconcile(key, nowMs) {
          const node = nodeInformer.getByKey(key)
          const known = registered.get(key)
          if (node === undefined) {
            heartbeats.forget(key)
            suspects.delete(key)
            registered.delete(key)
            return known === undefined ? SETTLED : { changes: [saidOf(known, 'RemovingNode', 'Removing', 'from')] }
          }
          registered.set(key, node)
          const news = known === undefined ? [saidOf(node, 'RegisteredNode', 'Registered', 'in')] : []
          const lease = leaseInformer.get({ namespace: LEASE_NAMESPACE, name: key })
          const silentMs = heartbeats.silentMs(node, lease, context.env.clock.monotonicMs())
          if (silentMs < graceMs) suspects.delete(key)
          else if (!suspects.has(key)) {
            suspects.add(key)
            return { changes: news, requeueAfterMs: SECOND_LOOK_MS }
          }
          const decision = decideNode({ node, pods: podInformer.by(NODE_INDEX, key), silentMs, graceMs }, nowMs)
          return { ...decision, changes: [...news, ...decision.changes] }
        },
      }
    },
  }
}

/** As Kubernetes tells of nodes that came and went. */
function saidOf(node: Node, reason: string, done: string, preposition: string): Change {
  const { name } = node.metadata
  return event(node, 'Normal', reason, `Node ${name} event: ${done} Node ${name} ${preposition} Controller`)
}

function leaseNode(lease: Lease): readonly string[] {
  return lease.metadata.namespace === LEASE_NAMESPACE ? [lease.metadata.name!] : []
}

function podNode(pod: Pod): readonly string[] {
  const nodeName = pod.spec?.nodeName ?? ''
  return nodeName === '' ? [] : [nodeName]
}
