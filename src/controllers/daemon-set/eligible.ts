import type { DaemonSet } from '../../api/generated/apps-v1.ts'
import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { matchesNode } from '../../placement/node-affinity.ts'
import { untolerated } from '../../placement/taints.ts'
import { tolerationsOf } from './daemon-pod.ts'

/** `run`: the node is to have the daemon. `stay`: it gets none, but one that is there stays. `leave`: it may have none. */
export type Eligibility = 'run' | 'stay' | 'leave'

/** Tells which nodes a DaemonSet is for: by name, selector and required affinity, and by the taints that it tolerates. */
export function eligibilityOf(set: DaemonSet): (node: Node) => Eligibility {
  const { spec } = set.spec!.template
  const tolerations = tolerationsOf(set)
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: spec! }
  return (node) => {
    const isNamed = spec?.nodeName === undefined || spec.nodeName === '' || spec.nodeName === node.metadata.name
    if (!isNamed || !matchesNode(pod, node)) return 'leave'
    const { taints } = node.spec ?? {}
    if (untolerated(taints, tolerations, ['NoExecute']) !== undefined) return 'leave'
    return untolerated(taints, tolerations, ['NoSchedule']) === undefined ? 'run' : 'stay'
  }
}
