import { countUnpreferred, untolerated } from '../taints.ts'
import { normalize, rejection } from '../framework.ts'
import type { FilterPlugin, ScorePlugin } from '../framework.ts'

const NAME = 'TaintToleration'
const UNTOLERATED = rejection(NAME, 'node(s) had untolerated taint(s)', false)
const EFFECTS = ['NoSchedule', 'NoExecute']

/** Leaves out nodes with a taint that the pod does not tolerate. */
export const toleratesTaints: FilterPlugin = {
  name: NAME,
  wakesOn: ['node-added', 'node-taints'],
  prepare({ pod, table }) {
    if (table.tainted === 0) return undefined
    return {
      check(slot) {
        const taints = table.node(slot)?.spec?.taints
        if (taints === undefined || taints.length === 0) return undefined
        return untolerated(taints, pod.spec?.tolerations, EFFECTS) === undefined ? undefined : UNTOLERATED
      },
    }
  },
}

/** Prefers nodes with fewer taints of effect PreferNoSchedule that the pod does not tolerate. */
export const fewestTaints: ScorePlugin = {
  name: NAME,
  score({ pod, table }, slots, scores) {
    if (table.tainted === 0) return false
    for (let i = 0; i < slots.length; i++) {
      scores[i] = countUnpreferred(table.node(slots[i] ?? 0)?.spec?.taints, pod.spec?.tolerations)
    }
    normalize(scores, true)
    return true
  },
}
