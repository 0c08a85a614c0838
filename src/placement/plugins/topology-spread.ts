import type { FilterPlugin, NodeFilter } from '../framework.ts'
import { rejection } from '../framework.ts'
import type { Cycle } from '../framework.ts'
import type { PodInfo } from '../pod-info.ts'
import { counts } from '../pod-sorts.ts'
import type { Count } from '../pod-sorts.ts'
import { countOf, hasEveryKey, isCounted, spreadConstraints } from '../spread-constraints.ts'
import type { SpreadConstraint } from '../spread-constraints.ts'
import type { Topology } from '../topology.ts'

const NAME = 'PodTopologySpread'
const UNEVEN = rejection(NAME, "node(s) didn't match pod topology spread constraints", true)
const NO_LABEL = rejection(NAME, "node(s) didn't match pod topology spread constraints (missing required label)", false)

/** A constraint with the pods that it counts, by topology value. */
interface Spread {
  readonly constraint: SpreadConstraint
  readonly topology: Topology
  readonly count: Count
  readonly sums: Int32Array
  /** Values of nodes that count; -1 in `sums` elsewhere. */
  readonly domains: number
  readonly selfMatches: number
  /** The least of all domains; undefined while it has to be found anew. */
  least: number | undefined
}

/** Keeps nodes on which the pod would not make its like too uneven over zones, nodes or whatever it spreads over. */
export const topologySpread: FilterPlugin = {
  name: NAME,
  wakesOn: ['pod-added', 'pod-gone', 'pod-labels', 'node-added', 'node-labels', 'node-taints'],
  prepare(cycle) {
    const constraints = spreadConstraints(cycle, 'DoNotSchedule')
    if (constraints.length === 0) return undefined
    const eligible = (constraint: SpreadConstraint, slot: number) =>
      hasEveryKey(cycle, constraints, slot) && isCounted(cycle, constraint, slot)
    const spreads = constraints.map((constraint) => spreadOf(cycle, constraint, eligible))
    return {
      check: (slot) => check(spreads, slot),
      podChanged: (info, slot, amount) => change(spreads, eligible, info, slot, amount),
    } satisfies NodeFilter
  },
  helps(pod, event, about) {
    if (event !== 'pod-gone' && event !== 'pod-added') return true
    return (about as PodInfo['pod']).metadata.namespace === pod.metadata.namespace
  },
}

function check(spreads: readonly Spread[], slot: number) {
  for (const spread of spreads) {
    const id = spread.topology.ids[slot] ?? -1
    if (id < 0) return NO_LABEL
    const skew = Math.max(0, spread.sums[id] ?? 0) + spread.selfMatches - leastOf(spread)
    if (skew > spread.constraint.maxSkew) return UNEVEN
  }
  return undefined
}

/** Where there are fewer domains than asked for, the least counts as none. */
function leastOf(spread: Spread): number {
  if (spread.least !== undefined) return spread.least
  let least = Infinity
  if (spread.domains < spread.constraint.minDomains) least = 0
  else for (const sum of spread.sums) if (sum >= 0 && sum < least) least = sum
  return (spread.least = least)
}

type Eligible = (constraint: SpreadConstraint, slot: number) => boolean

function spreadOf(cycle: Cycle, constraint: SpreadConstraint, eligible: Eligible): Spread {
  const { table } = cycle
  const topology = table.topology(constraint.topologyKey)
  const count = countOf(cycle, constraint)
  const sums = new Int32Array(topology.size).fill(-1)
  const { ids } = topology
  let domains = 0
  for (let slot = 0; slot < table.size; slot++) {
    const id = ids[slot] ?? -1
    if (id < 0 || table.node(slot) === undefined || !eligible(constraint, slot)) continue
    if (sums[id] === -1) {
      sums[id] = 0
      domains += 1
    }
  }
  for (const [slot, pods] of count.tally.bySlot) {
    const id = ids[slot] ?? -1
    if (id >= 0 && table.node(slot) !== undefined && eligible(constraint, slot)) sums[id] = (sums[id] ?? 0) + pods
  }
  const selfMatches = constraint.meansItself ? 1 : 0
  return { constraint, topology, count, sums, domains, selfMatches, least: undefined }
}

function change(spreads: readonly Spread[], eligible: Eligible, info: PodInfo, slot: number, amount: 1 | -1): void {
  for (const spread of spreads) {
    const id = spread.topology.ids[slot] ?? -1
    if (id < 0 || !counts(spread.count, info.sort) || !eligible(spread.constraint, slot)) continue
    spread.sums[id] = (spread.sums[id] ?? 0) + amount
    spread.least = undefined
  }
}
