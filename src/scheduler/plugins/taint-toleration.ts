import { countUnpreferred, untolerated } from '../../placement/taints.ts'
import { normalize } from '../framework.ts'
import type { FilterPlugin, ScorePlugin } from '../framework.ts'

const NAME = 'TaintToleration'

/** Leaves out nodes with a taint that the pod does not tolerate. */
export const toleratesTaints: FilterPlugin = {
  name: NAME,
  filter({ pod }, _slot, node) {
    const taint = untolerated(node.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute'])
    if (taint === undefined) return undefined
    const reasons = [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`]
    return { plugin: NAME, reasons, preemptionMayHelp: false }
  },
}

/** Prefers nodes with fewer taints of effect PreferNoSchedule that the pod does not tolerate. */
export const fewestTaints: ScorePlugin = {
  name: NAME,
  score({ pod, table }, slots, scores) {
    for (const [i, slot] of slots.entries()) {
      scores[i] = countUnpreferred(table.node(slot)?.spec?.taints, pod.spec?.tolerations)
    }
    normalize(scores, true)
  },
}
