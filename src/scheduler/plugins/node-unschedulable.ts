import { tolerates } from '../../placement/taints.ts'
import type { FilterPlugin } from '../framework.ts'

const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

/** Leaves out nodes that are cordoned, unless the pod tolerates the taint that cordoning adds. */
export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',
  filter({ pod }, _slot, node) {
    if (node.spec?.unschedulable !== true) return undefined
    if (pod.spec?.tolerations?.some((toleration) => tolerates(toleration, TAINT))) return undefined
    return { plugin: nodeUnschedulable.name, reasons: ['node(s) were unschedulable'], preemptionMayHelp: false }
  },
}
