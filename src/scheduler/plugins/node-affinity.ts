import { matchesNode, preferredWeight } from '../../placement/node-affinity.ts'
import { normalize } from '../framework.ts'
import type { FilterPlugin, ScorePlugin } from '../framework.ts'

const NAME = 'NodeAffinity'

/** Keeps nodes that satisfy the pod's node selector and required node affinity. */
export const requiredAffinity: FilterPlugin = {
  name: NAME,
  filter({ pod }, _slot, node) {
    if (matchesNode(pod, node)) return undefined
    const reasons = ["node(s) didn't match Pod's node affinity/selector"]
    return { plugin: NAME, reasons, preemptionMayHelp: false }
  },
}

/** Prefers nodes by the weights of the pod's preferred node affinity. */
export const preferredAffinity: ScorePlugin = {
  name: NAME,
  score({ pod, table }, slots, scores) {
    for (const [i, slot] of slots.entries()) {
      const node = table.node(slot)
      scores[i] = node === undefined ? 0 : preferredWeight(pod, node)
    }
    normalize(scores, false)
  },
}
