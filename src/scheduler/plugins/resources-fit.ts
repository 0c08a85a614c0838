import type { Cycle, FilterPlugin, Rejection, ScorePlugin } from '../framework.ts'
import { MAX_SCORE } from '../framework.ts'

/** Keeps nodes whose free resources cover the pod's requests. */
export const resourcesFit: FilterPlugin = {
  name: 'NodeResourcesFit',
  filter(cycle, slot) {
    const reasons: string[] = []
    let everWould = true
    if (shortOf(cycle, 'pods', 1, slot)) reasons.push('Too many pods')
    for (const [resource, amount] of Object.entries(cycle.requests.exact)) {
      if (amount <= 0 || !shortOf(cycle, resource, amount, slot)) continue
      reasons.push(`Insufficient ${resource}`)
      everWould &&= amount <= (cycle.table.column(resource)?.allocatable[slot] ?? 0)
    }
    return reasons.length === 0 ? undefined : rejection(reasons, everWould)
  },
}

/** Where the pod asks for more than the whole node has, removing others cannot help. */
function rejection(reasons: readonly string[], preemptionMayHelp: boolean): Rejection {
  return { plugin: resourcesFit.name, reasons, preemptionMayHelp }
}

function shortOf({ table }: Cycle, resource: string, amount: number, slot: number): boolean {
  const column = table.column(resource)
  if (column === undefined) return true
  return amount > (column.allocatable[slot] ?? 0) - (column.requested[slot] ?? 0)
}

/** Prefers nodes with the most left: the mean over cpu and memory of the free share after placing the pod. */
export const leastAllocated: ScorePlugin = {
  name: 'NodeResourcesFit',
  score(cycle, slots, scores) {
    for (const [i, slot] of slots.entries()) {
      const shares = allocatedShares(cycle, slot)
      const free = shares.map((share) => (share > 1 ? 0 : Math.floor((1 - share) * MAX_SCORE)))
      scores[i] = free.length === 0 ? 0 : Math.floor(free.reduce((a, b) => a + b, 0) / free.length)
    }
  },
}

/** Prefers nodes whose cpu and memory would be used alike: 100 times one minus the standard deviation of their shares. */
export const balancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  score(cycle, slots, scores) {
    for (const [i, slot] of slots.entries()) {
      const shares = allocatedShares(cycle, slot).map((share) => Math.min(1, share))
      const spread = shares.length < 2 ? 0 : Math.abs((shares[0] ?? 0) - (shares[1] ?? 0)) / 2
      scores[i] = Math.floor((1 - spread) * MAX_SCORE)
    }
  },
}

/** Shares of the node's cpu and memory that would be asked for with the pod on it, of those that the node has at all. */
function allocatedShares({ table, requests }: Cycle, slot: number): readonly number[] {
  const shares: number[] = []
  for (const resource of ['cpu', 'memory'] as const) {
    const allocatable = table.column(resource)?.allocatable[slot] ?? 0
    if (allocatable === 0) continue
    shares.push(((table.assumed(resource)[slot] ?? 0) + (requests.assumed[resource] ?? 0)) / allocatable)
  }
  return shares
}
