import type { Node, Pod } from '../api/generated/core-v1.ts'
import { qosClassOf } from '../api/strategy/qos-class.ts'
import { isCritical } from './eviction/rank.ts'
import { amountsOf } from '../placement/amounts.ts'
import { conflicts, hostPorts } from '../placement/host-ports.ts'
import { matchesNode } from '../placement/node-affinity.ts'
import { specRequests } from '../placement/pod-requests.ts'
import { forbiddenSysctl } from './sysctls.ts'

/** Why a node does not take a pod that was bound to it, in the kubelet's words. */
export interface Refusal {
  readonly reason: string
  readonly message: string
}

/** Whether a node takes a pod beside those that it has: undefined, or the first reason why not. */
export function refusalOf(
  pod: Pod,
  node: Node,
  others: readonly Pod[],
  pressures: ReadonlySet<string> = new Set(),
): Refusal | undefined {
  return shortage(pod, pressures) ?? forbidden(pod) ?? missingResource(pod, node, others) ?? mismatch(pod, node, others)
}

/** Under memory pressure only pods that asked for none are turned away, under any other all but critical ones. */
function shortage(pod: Pod, pressures: ReadonlySet<string>): Refusal | undefined {
  if (pressures.size === 0 || isCritical(pod)) return undefined
  const isBestEffort = pod.spec !== undefined && qosClassOf(pod.spec) === 'BestEffort'
  const tolerates = pod.spec?.tolerations?.some(
    ({ key, operator, effect }) =>
      (key === undefined ? operator === 'Exists' : key === 'node.kubernetes.io/memory-pressure') &&
      (effect === undefined || effect === 'NoSchedule'),
  )
  const [only] = pressures
  if (pressures.size === 1 && only === 'MemoryPressure' && (!isBestEffort || tolerates === true)) return undefined
  return { reason: 'Evicted', message: `The node had condition: [${[...pressures].join(' ')}]. ` }
}

function forbidden(pod: Pod): Refusal | undefined {
  const message = forbiddenSysctl(pod)
  return message === undefined ? undefined : { reason: 'SysctlForbidden', message }
}

export function missingResource(pod: Pod, node: Node, others: readonly Pod[]): Refusal | undefined {
  const allocatable = amountsOf(node.status?.allocatable)
  const wanted = { pods: 1, ...specRequests(pod).exact }
  for (const [resource, requested] of Object.entries(wanted)) {
    if (requested === 0) continue
    const used = others.reduce((total, other) => total + ({ pods: 1, ...specRequests(other).exact }[resource] ?? 0), 0)
    const capacity = allocatable[resource] ?? 0
    if (used + requested <= capacity) continue
    const numbers = `requested: ${requested}, used: ${used}, capacity: ${capacity}`
    return { reason: `OutOf${resource}`, message: `Node didn't have enough resource: ${resource}, ${numbers}` }
  }
  return undefined
}

function mismatch(pod: Pod, node: Node, others: readonly Pod[]): Refusal | undefined {
  if (!matchesNode(pod, node)) return { reason: 'NodeAffinity', message: 'Predicate NodeAffinity failed' }
  const taken = others.flatMap(hostPorts)
  const clash = hostPorts(pod).some((port) => taken.some((other) => conflicts(port, other)))
  return clash ? { reason: 'NodePorts', message: 'Predicate NodePorts failed' } : undefined
}
