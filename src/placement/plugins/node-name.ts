import type { FilterPlugin } from '../framework.ts'
import { rejection } from '../framework.ts'

const ANOTHER = rejection('NodeName', "node(s) didn't match the requested node name", false)

/** Keeps the one node that the pod names already. */
export const nodeName: FilterPlugin = {
  name: 'NodeName',
  wakesOn: ['node-added'],
  prepare({ pod, table }) {
    const wanted = pod.spec?.nodeName
    if (wanted === undefined || wanted === '') return undefined
    return { check: (slot) => (table.node(slot)?.metadata.name === wanted ? undefined : ANOTHER) }
  },
}
