import type { Cycle, ScorePlugin } from '../framework.ts'
import { MAX_SCORE } from '../framework.ts'
import { countOf, hasEveryKey, isCounted, spreadConstraints } from '../spread-constraints.ts'
import type { SpreadConstraint } from '../spread-constraints.ts'

const HOSTNAME = 'kubernetes.io/hostname'

/** Prefers nodes by how few of the pod's like are around, over zones and nodes: Kubernetes' soft spreading. */
export const topologySpreadScore: ScorePlugin = {
  name: 'PodTopologySpread',
  score(cycle, slots, scores) {
    const constraints = spreadConstraints(cycle, 'ScheduleAnyway')
    if (constraints.length === 0) return false
    // With Kubernetes' own constraints a node needs not have all labels, with the pod's own it must.
    const needsAll = (cycle.pod.spec?.topologySpreadConstraints?.length ?? 0) > 0
    const ignored = slots.map((slot) => needsAll && !hasEveryKey(cycle, constraints, slot))
    for (const constraint of constraints) addScores(cycle, constraint, constraints, slots, ignored, scores)
    normalizeRated(scores, ignored)
    return true
  },
}

function addScores(
  cycle: Cycle,
  constraint: SpreadConstraint,
  all: readonly SpreadConstraint[],
  slots: readonly number[],
  ignored: readonly boolean[],
  scores: Float64Array,
): void {
  const topology = cycle.table.topology(constraint.topologyKey)
  // No node has the label: often so with Kubernetes' own constraint of zones.
  if (topology.size === 0) return
  const { tally } = countOf(cycle, constraint)
  const byHost = constraint.topologyKey === HOSTNAME
  const domains = new Set<number>()
  let rated = 0
  for (let i = 0; i < slots.length; i++) {
    if (ignored[i] === true) continue
    rated += 1
    if (!byHost) domains.add(topology.ids[slots[i]!] ?? -1)
  }
  const size = byHost ? rated : domains.size
  const weight = Math.log(size + 2)
  const sums = byHost ? undefined : sumsOf(cycle, constraint, all)
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!
    const id = topology.ids[slot] ?? -1
    if (ignored[i] === true || id < 0) continue
    const count = sums === undefined ? (tally.bySlot.get(slot) ?? 0) : (sums[id] ?? 0)
    scores[i] = (scores[i] ?? 0) + count * weight + (constraint.maxSkew - 1)
  }
}

function sumsOf(cycle: Cycle, constraint: SpreadConstraint, all: readonly SpreadConstraint[]): Int32Array {
  const { table, pod } = cycle
  const topology = table.topology(constraint.topologyKey)
  const { tally } = countOf(cycle, constraint)
  const needsAll = (pod.spec?.topologySpreadConstraints?.length ?? 0) > 0
  const sums = new Int32Array(topology.size)
  for (const [slot, pods] of tally.bySlot) {
    const id = topology.ids[slot] ?? -1
    if (id < 0 || table.node(slot) === undefined) continue
    if ((needsAll && !hasEveryKey(cycle, all, slot)) || !isCounted(cycle, constraint, slot)) continue
    sums[id] = (sums[id] ?? 0) + pods
  }
  return sums
}

/** The fewest around get 100. Nodes that are left out get 0, and where nobody has any, all get 100. */
function normalizeRated(scores: Float64Array, ignored: readonly boolean[]): void {
  let lowest = Infinity
  let highest = 0
  for (let i = 0; i < scores.length; i++) {
    if (ignored[i] === true) continue
    const score = (scores[i] = Math.round(scores[i] ?? 0))
    lowest = Math.min(lowest, score)
    highest = Math.max(highest, score)
  }
  for (let i = 0; i < scores.length; i++) {
    if (ignored[i] === true) scores[i] = 0
    else if (highest === 0) scores[i] = MAX_SCORE
    else scores[i] = Math.floor((MAX_SCORE * (highest + lowest - (scores[i] ?? 0))) / highest)
  }
}
