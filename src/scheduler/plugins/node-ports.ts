import { conflicts, hostPorts } from '../../placement/host-ports.ts'
import type { FilterPlugin } from '../framework.ts'

/** Leaves out nodes on which a host port of the pod is taken. */
export const nodePorts: FilterPlugin = {
  name: 'NodePorts',
  filter({ pod, table }, slot) {
    const wanted = hostPorts(pod)
    if (wanted.length === 0) return undefined
    const taken = table.portsOf(slot)
    if (!wanted.some((port) => taken.some((other) => conflicts(port, other)))) return undefined
    const reasons = ["node(s) didn't have free ports for the requested pod ports"]
    return { plugin: nodePorts.name, reasons, preemptionMayHelp: true }
  },
}
