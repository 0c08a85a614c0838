import type { Cycle, FilterPlugin, Rejection } from '../framework.ts'
import type { ResourceColumn } from '../node-table.ts'

const NAME = 'NodeResourcesFit'

/** A resource that a pod asks for. */
interface Demand {
  readonly reason: string
  readonly amount: number
  readonly column: ResourceColumn | undefined
}

/** Keeps nodes whose free resources cover the pod's requests. */
export const resourcesFit: FilterPlugin = {
  name: NAME,
  wakesOn: ['pod-gone', 'pod-resized', 'node-added', 'node-allocatable'],
  prepare(cycle) {
    const demands = demandsOf(cycle)
    const rejections: Rejection[] = []
    return {
      check(slot) {
        for (let i = 0; i < demands.length; i++) if (isShort(demands[i], slot)) return tell(demands, rejections, slot)
        return undefined
      },
    }
  },
}

function demandsOf({ table, requests }: Cycle): readonly Demand[] {
  const demands: Demand[] = [{ reason: 'Too many pods', amount: 1, column: table.column('pods') }]
  for (const [resource, amount] of Object.entries(requests.exact)) {
    if (amount > 0) demands.push({ reason: `Insufficient ${resource}`, amount, column: table.column(resource) })
  }
  return demands
}

function isShort(demand: Demand | undefined, slot: number): boolean {
  if (demand === undefined) return false
  const { amount, column } = demand
  if (column === undefined) return true
  return amount > (column.allocatable[slot] ?? 0) - (column.requested[slot] ?? 0)
}

/** Of each combination of reasons there is one rejection, found by a number with a bit for each. */
function tell(demands: readonly Demand[], rejections: Rejection[], slot: number): Rejection {
  let combination = 0
  let preemptionMayHelp = true
  for (const [i, demand] of demands.entries()) {
    if (!isShort(demand, slot)) continue
    combination += 2 ** i
    // Where the pod asks for more than the whole node has, removing others cannot help. Pods' own number is not asked so.
    if (i > 0 && demand.amount > (demand.column?.allocatable[slot] ?? 0)) preemptionMayHelp = false
  }
  const number = combination * 2 + (preemptionMayHelp ? 1 : 0)
  rejections[number] ??= {
    plugin: NAME,
    reasons: demands.filter((_, i) => Math.floor(combination / 2 ** i) % 2 === 1).map(({ reason }) => reason),
    preemptionMayHelp,
  }
  return rejections[number]
}
