import type { Cycle, Profile, Rejection } from './framework.ts'

/** Where a pod goes, or why it goes nowhere. */
export type Placement =
  | { readonly placed: true; readonly slot: number; readonly nodeName: string }
  | { readonly placed: false; readonly nodes: number; readonly rejections: readonly Rejection[] }

/** Kubernetes rates at least this many nodes where there are so many that fit. */
const MIN_RATED = 100
const MIN_RATED_PERCENT = 5

/**
 * Chooses a node for the cycle's pod: filters, then scores, then the highest sum; nodes that are rated alike are drawn by
 * lot. `start` is the slot to look at first, so that in a large cluster, where only some nodes are looked at, each gets
 * its turn; the caller moves it on by what `examined` tells.
 */
export function decide(cycle: Cycle, profile: Profile, start = 0): { placement: Placement; examined: number } {
  const { slots, rejections, examined } = feasible(cycle, profile, start)
  if (slots.length === 0) return { placement: { placed: false, nodes: cycle.table.count, rejections }, examined }
  const slot = slots.length === 1 ? (slots[0] ?? 0) : best(cycle, profile, slots)
  return { placement: { placed: true, slot, nodeName: cycle.table.node(slot)?.metadata.name ?? '' }, examined }
}

function feasible(cycle: Cycle, profile: Profile, start: number) {
  const { table } = cycle
  const enough = profile.everyNode === true ? table.count : ratedNodes(table.count)
  const slots: number[] = []
  const rejections: Rejection[] = []
  let examined = 0
  while (examined < table.size && slots.length < enough) {
    const slot = (start + examined++) % table.size
    const node = table.node(slot)
    if (node === undefined) continue
    let rejection: Rejection | undefined
    for (const plugin of profile.filters) {
      rejection = plugin.filter(cycle, slot, node)
      if (rejection !== undefined) break
    }
    if (rejection === undefined) slots.push(slot)
    else rejections.push(rejection)
  }
  return { slots, rejections, examined }
}

/** Kubernetes' adaptive percentage: 50 less one for every 125 nodes, at least 5 percent and at least 100 nodes. */
function ratedNodes(count: number): number {
  if (count < MIN_RATED) return count
  const percent = Math.max(MIN_RATED_PERCENT, 50 - Math.floor(count / 125))
  return Math.max(MIN_RATED, Math.floor((count * percent) / 100))
}

function best(cycle: Cycle, profile: Profile, slots: readonly number[]): number {
  const totals = new Float64Array(slots.length)
  const scores = new Float64Array(slots.length)
  for (const { plugin, weight } of profile.scores) {
    scores.fill(0)
    plugin.score(cycle, slots, scores)
    for (let i = 0; i < slots.length; i++) totals[i] = (totals[i] ?? 0) + weight * (scores[i] ?? 0)
  }
  let chosen = 0
  let alike = 1
  for (let i = 1; i < slots.length; i++) {
    const difference = (totals[i] ?? 0) - (totals[chosen] ?? 0)
    if (difference < 0) continue
    alike = difference > 0 ? 1 : alike + 1
    if (difference > 0 || cycle.random.next() * alike < 1) chosen = i
  }
  return slots[chosen] ?? 0
}
