import type { FilterPlugin } from '../framework.ts'

/** Keeps the one node that the pod names already. */
export const nodeName: FilterPlugin = {
  name: 'NodeName',
  filter({ pod }, _slot, node) {
    const wanted = pod.spec?.nodeName
    if (wanted === undefined || wanted === '' || wanted === node.metadata.name) return undefined
    const reasons = ["node(s) didn't match the requested node name"]
    return { plugin: nodeName.name, reasons, preemptionMayHelp: false }
  },
}
