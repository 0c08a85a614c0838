import { tolerates } from '../taints.ts'
import type { FilterPlugin } from '../framework.ts'
import { rejection } from '../framework.ts'

const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
const CORDONED = rejection('NodeUnschedulable', 'node(s) were unschedulable', false)

/** Leaves out nodes that are cordoned, unless the pod tolerates the taint that cordoning adds. */
export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',
  wakesOn: ['node-added', 'node-unschedulable'],
  prepare({ pod, table }) {
    if (table.cordoned === 0) return undefined
    if (pod.spec?.tolerations?.some((toleration) => tolerates(toleration, TAINT)) === true) return undefined
    return { check: (slot) => (table.node(slot)?.spec?.unschedulable === true ? CORDONED : undefined) }
  },
}
