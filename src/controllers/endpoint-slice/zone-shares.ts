import type { Node } from '../../api/generated/core-v1.ts'
import { milliOf } from '../../api/meta/quantity.ts'

export const ZONE = 'topology.kubernetes.io/zone'

/** By zone, its part of all processors; the parts are 1 together. */
export type ZoneShares = ReadonlyMap<string, number>

/** How many endpoints each zone is meant to have, by name. */
export type Allotment = ReadonlyMap<string, number>

/** A zone may be asked for so much more than its endpoints' part, before its endpoints are too few. */
const MOST_OVERLOAD = 0.2
export const LEAST_PART = 1 / (1 + MOST_OVERLOAD)

const EXCLUDED = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

/**
 * How the processors of the nodes that are ready are spread over zones. Undefined where fewer than two zones have any, or where
 * a single node does not say its zone or its processors: then nothing can be told of the others either, as in Kubernetes.
 */
export function zoneShares(nodes: readonly Node[]): ZoneShares | undefined {
  const millis = new Map<string, number>()
  for (const node of nodes) {
    if (isExcluded(node) || !isReadyNode(node)) continue
    const zone = node.metadata.labels?.[ZONE] ?? ''
    const cpu = milliOf(node.status?.allocatable?.['cpu'] ?? '0')
    if (zone === '' || cpu === 0) return undefined
    millis.set(zone, (millis.get(zone) ?? 0) + cpu)
  }
  if (millis.size < 2) return undefined
  const total = [...millis.values()].reduce((sum, one) => sum + one, 0)
  return new Map([...millis].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, one]) => [zone, one / total]))
}

function isExcluded({ metadata }: Node): boolean {
  return EXCLUDED.some((label) => metadata.labels?.[label] !== undefined)
}

export function isReadyNode({ status }: Node): boolean {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
}

/** Whether some zone has fewer endpoints than its part of the processors asks for, or there are no zones any more. */
export function isOverloaded(allotment: Allotment, shares: ZoneShares | undefined): boolean {
  if (allotment.size === 0) return false
  if (shares === undefined) return true
  const total = [...allotment.values()].reduce((sum, count) => sum + count, 0)
  return [...shares].some(([zone, share]) => (allotment.get(zone) ?? -1) < Math.ceil(total * share * LEAST_PART))
}
