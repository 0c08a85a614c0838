import type { Cycle, ScorePlugin } from '../framework.ts'
import { MAX_SCORE } from '../framework.ts'

/** A resource that a score looks at, and how much it counts. */
export interface WeighedResource {
  readonly name: string
  readonly weight: number
}

/** A line through points: at `utilization` percent of a node a resource scores `score` out of 10. */
export type Shape = readonly { readonly utilization: number; readonly score: number }[]

export type FitStrategy =
  | { readonly type: 'LeastAllocated' | 'MostAllocated'; readonly resources?: readonly WeighedResource[] }
  | {
      readonly type: 'RequestedToCapacityRatio'
      readonly resources?: readonly WeighedResource[]
      readonly shape: Shape
    }

const CPU_AND_MEMORY: readonly WeighedResource[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
]

/** Rates a share of a resource: what would be asked for, of what the node has. Undefined leaves the resource out. */
type Rate = (requested: number, capacity: number) => number | undefined

/**
 * Rates nodes by how much of them would be asked for, in one of Kubernetes' three ways. A container that names no cpu or
 * memory counts with Kubernetes' default requests.
 */
export function fitScore(strategy: FitStrategy = { type: 'LeastAllocated' }): ScorePlugin {
  const { resources = CPU_AND_MEMORY } = strategy
  const rate = rateOf(strategy)
  const round = strategy.type === 'RequestedToCapacityRatio' ? Math.round : Math.floor
  return {
    name: 'NodeResourcesFit',
    score(cycle, slots, scores) {
      const totals = new Float64Array(slots.length)
      const weights = new Float64Array(slots.length)
      for (const { name, weight } of resources) {
        const amounts = amountsFor(cycle, name, true)
        if (amounts === undefined) continue
        for (let i = 0; i < slots.length; i++) {
          const slot = slots[i] ?? 0
          const capacity = amounts.allocatable[slot] ?? 0
          if (capacity === 0) continue
          const rated = rate((amounts.used[slot] ?? 0) + amounts.asked, capacity)
          if (rated === undefined) continue
          totals[i] = (totals[i] ?? 0) + weight * rated
          weights[i] = (weights[i] ?? 0) + weight
        }
      }
      for (let i = 0; i < slots.length; i++) {
        const weight = weights[i] ?? 0
        scores[i] = weight === 0 ? 0 : round((totals[i] ?? 0) / weight)
      }
    },
  }
}

function rateOf(strategy: FitStrategy): Rate {
  switch (strategy.type) {
    case 'LeastAllocated':
      return (requested, capacity) =>
        requested > capacity ? 0 : Math.floor(((capacity - requested) * MAX_SCORE) / capacity)
    case 'MostAllocated':
      // What assumed requests put beyond the node's capacity counts as full.
      return (requested, capacity) => Math.floor((Math.min(requested, capacity) * MAX_SCORE) / capacity)
    case 'RequestedToCapacityRatio':
      return (requested, capacity) => {
        const utilization = requested > capacity ? 100 : Math.floor((requested * 100) / capacity)
        const score = onLine(strategy.shape, utilization)
        // As Kubernetes does, a resource that scores nothing does not count.
        return score > 0 ? score : undefined
      }
  }
}

/** The shape's value at a utilization, out of 100, between its points in a straight line. */
function onLine(shape: Shape, utilization: number): number {
  for (const [i, { utilization: x, score: y }] of shape.entries()) {
    if (utilization > x) continue
    const before = shape[i - 1]
    if (before === undefined) return y * 10
    return y === before.score
      ? y * 10
      : before.score * 10 +
          Math.trunc(((y - before.score) * 10 * (utilization - before.utilization)) / (x - before.utilization))
  }
  return (shape.at(-1)?.score ?? 0) * 10
}

/** Prefers nodes whose resources would be used alike: 100 times one minus the standard deviation of their shares. */
export function balancedAllocation(resources: readonly WeighedResource[] = CPU_AND_MEMORY): ScorePlugin {
  return {
    name: 'NodeResourcesBalancedAllocation',
    score(cycle, slots, scores) {
      const columns = resources.flatMap(({ name }) => amountsFor(cycle, name, false) ?? [])
      // A pod that asks for nothing changes no balance.
      if (columns.every(({ asked }) => asked === 0)) return false
      const shares = new Float64Array(columns.length)
      for (let i = 0; i < slots.length; i++) {
        const slot = slots[i] ?? 0
        let count = 0
        for (const { allocatable, used, asked } of columns) {
          const capacity = allocatable[slot] ?? 0
          if (capacity > 0) shares[count++] = Math.min(1, ((used[slot] ?? 0) + asked) / capacity)
        }
        scores[i] = Math.trunc((1 - deviation(shares, count)) * MAX_SCORE)
      }
      return true
    },
  }
}

function deviation(shares: Float64Array, count: number): number {
  if (count < 2) return 0
  if (count === 2) return Math.abs(((shares[0] ?? 0) - (shares[1] ?? 0)) / 2)
  let sum = 0
  for (let i = 0; i < count; i++) sum += shares[i] ?? 0
  const mean = sum / count
  let squares = 0
  for (let i = 0; i < count; i++) squares += ((shares[i] ?? 0) - mean) ** 2
  return Math.sqrt(squares / count)
}

interface ResourceAmounts {
  readonly allocatable: Float64Array
  readonly used: Float64Array
  readonly asked: number
}

/** Undefined for what no node has, and for anything but cpu and memory that the pod does not ask for. */
function amountsFor({ table, requests }: Cycle, name: string, withDefaults: boolean): ResourceAmounts | undefined {
  const column = table.column(name)
  if (column === undefined) return undefined
  if (withDefaults && (name === 'cpu' || name === 'memory'))
    return { allocatable: column.allocatable, used: table.assumed(name), asked: requests.assumed[name] ?? 0 }
  const asked = requests.exact[name] ?? 0
  if (asked === 0 && name !== 'cpu' && name !== 'memory' && name !== 'ephemeral-storage') return undefined
  return { allocatable: column.allocatable, used: column.requested, asked }
}
