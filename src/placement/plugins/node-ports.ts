import type { Pod } from '../../api/generated/core-v1.ts'
import { conflicts, hostPorts } from '../host-ports.ts'
import type { FilterPlugin } from '../framework.ts'
import { rejection } from '../framework.ts'

const TAKEN = rejection('NodePorts', "node(s) didn't have free ports for the requested pod ports", true)

/** Leaves out nodes on which a host port of the pod is taken. */
export const nodePorts: FilterPlugin = {
  name: 'NodePorts',
  wakesOn: ['pod-gone', 'node-added'],
  prepare({ pod, table }) {
    const wanted = hostPorts(pod)
    if (wanted.length === 0) return undefined
    const isTaken = (slot: number) => {
      const taken = table.portsOf(slot)
      return wanted.some((port) => taken.some((other) => conflicts(port, other)))
    }
    return { check: (slot) => (isTaken(slot) ? TAKEN : undefined) }
  },
  helps(pod, event, about) {
    if (event !== 'pod-gone') return true
    const freed = hostPorts(about as Pod)
    return hostPorts(pod).some((port) => freed.some((other) => conflicts(port, other)))
  },
}
