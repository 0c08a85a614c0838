import type { Pod } from '../api/generated/core-v1.ts'
import { keyOf, keyString } from '../api/object.ts'
import type { ClusterView } from './cluster-view.ts'
import type { Cycle, NodeFilter, Profile, Rejection } from './framework.ts'
import { isRejection, rejection } from './framework.ts'
import { priorityOf } from './pod-info.ts'

/** Why a pod goes nowhere. */
export interface Diagnosis {
  /** How many nodes there are. */
  readonly nodes: number
  /** Where no node will do whatever it is like; then nodes were not looked at. */
  readonly general?: Rejection
  /** The nodes that were looked at, and why each will not do. */
  readonly slots: readonly number[]
  readonly rejections: readonly Rejection[]
  /** Why the nodes will not do that were not looked at. */
  readonly others?: Rejection
}

/** Where a pod goes, or why it goes nowhere. */
export type Placement =
  | { readonly placed: true; readonly slot: number; readonly nodeName: string; readonly feasible: number }
  | { readonly placed: false; readonly diagnosis: Diagnosis; readonly filters: readonly NodeFilter[] }

/** Kubernetes rates at least this many nodes where there are so many that fit. */
const MIN_RATED = 100
const MIN_RATED_PERCENT = 5

/**
 * Chooses a node for the cycle's pod: filters, then scores, then the highest sum; nodes that are rated alike are drawn by
 * lot. `start` is the slot to look at first, so that in a large cluster, where only some nodes are looked at, each gets
 * its turn; the caller moves it on by what `examined` tells.
 */
export function decide(cycle: Cycle, profile: Profile, start = 0): { placement: Placement; examined: number } {
  const { table } = cycle
  const filters = prepare(cycle, profile)
  if (isDiagnosis(filters)) return { placement: { placed: false, diagnosis: filters, filters: [] }, examined: 0 }
  const nominated = table.slotOf(nominatedNode(cycle.view, cycle.pod))
  if (nominated !== undefined && table.node(nominated) !== undefined && fits(cycle, filters, nominated) === undefined)
    return { placement: placedOn(cycle, nominated, 1), examined: 0 }
  const only = allowed(filters)
  const found = only === undefined ? search(cycle, profile, filters, start) : among(cycle, filters, only)
  const { slots, examined } = found
  if (slots.length === 0) return { placement: { placed: false, diagnosis: found.diagnosis, filters }, examined }
  const slot = slots.length === 1 ? (slots[0] ?? 0) : best(cycle, profile, slots)
  return { placement: placedOn(cycle, slot, slots.length), examined }
}

/** The node that was promised to a pod, or empty: as the view knows, else as the pod's status says. */
export function nominatedNode({ nominations }: ClusterView, pod: Pod): string {
  if (nominations.size === 0) return pod.status?.nominatedNodeName ?? ''
  return nominations.nodeOf(keyString(keyOf(pod))) ?? pod.status?.nominatedNodeName ?? ''
}

/** What each plugin has to say of this pod, or why no node will do. */
function prepare(cycle: Cycle, profile: Profile): NodeFilter[] | Diagnosis {
  const filters: NodeFilter[] = []
  for (const plugin of profile.filters) {
    const outcome = plugin.prepare(cycle)
    if (outcome === undefined) continue
    if (isRejection(outcome)) return { nodes: cycle.table.count, general: outcome, slots: [], rejections: [] }
    filters.push(outcome)
  }
  return filters
}

const isDiagnosis = (filters: NodeFilter[] | Diagnosis): filters is Diagnosis => !Array.isArray(filters)

function placedOn({ table }: Cycle, slot: number, feasible: number): Placement {
  return { placed: true, slot, nodeName: table.node(slot)?.metadata.name ?? '', feasible }
}

/** The names that every filter allows which names any. */
function allowed(filters: readonly NodeFilter[]): ReadonlySet<string> | undefined {
  let names: ReadonlySet<string> | undefined
  for (const { only } of filters) {
    if (only === undefined) continue
    names = names === undefined ? only : names.intersection(only)
  }
  return names
}

interface Found {
  readonly slots: number[]
  readonly examined: number
  readonly diagnosis: Diagnosis
}

function search(cycle: Cycle, profile: Profile, filters: readonly NodeFilter[], start: number): Found {
  const { table } = cycle
  const enough = profile.everyNode === true ? table.count : ratedNodes(table.count)
  const slots: number[] = []
  const rejected: number[] = []
  const rejections: Rejection[] = []
  const { size } = table
  let examined = 0
  let slot = size === 0 ? 0 : start % size
  for (; examined < size && slots.length < enough; examined++, slot = slot + 1 === size ? 0 : slot + 1) {
    if (table.node(slot) === undefined) continue
    const reason = fits(cycle, filters, slot)
    if (reason === undefined) slots.push(slot)
    else {
      rejected.push(slot)
      rejections.push(reason)
    }
  }
  return { slots, examined, diagnosis: { nodes: table.count, slots: rejected, rejections } }
}

/** As Kubernetes where a plugin's PreFilter has named the nodes that can do. */
function among(cycle: Cycle, filters: readonly NodeFilter[], names: ReadonlySet<string>): Found {
  const { table } = cycle
  const slots: number[] = []
  const rejected: number[] = []
  const rejections: Rejection[] = []
  for (const name of names) {
    const slot = table.slotOf(name)
    if (slot === undefined || table.node(slot) === undefined) continue
    const reason = fits(cycle, filters, slot)
    if (reason === undefined) slots.push(slot)
    else {
      rejected.push(slot)
      rejections.push(reason)
    }
  }
  return {
    slots,
    examined: slots.length + table.count,
    diagnosis: { nodes: table.count, slots: rejected, rejections, others: OTHERS },
  }
}

const OTHERS = rejection('NodeAffinity', "node(s) didn't satisfy plugin(s) [NodeAffinity]", false)

/**
 * Whether the pod fits the node at `slot`: undefined, or the first filter's reason. Room that a pod of the same or a higher
 * priority was promised there counts as taken; and since that pod may never come, it must fit without it, too.
 */
export function fits(cycle: Cycle, filters: readonly NodeFilter[], slot: number): Rejection | undefined {
  const { nominations } = cycle.view
  if (nominations.size > 0) {
    const reason = fitsBesideNominated(cycle, filters, slot)
    if (reason !== undefined) return reason
  }
  for (const filter of filters) {
    const reason = filter.check(slot)
    if (reason !== undefined) return reason
  }
  return undefined
}

function fitsBesideNominated(cycle: Cycle, filters: readonly NodeFilter[], slot: number): Rejection | undefined {
  const { view, table, pod } = cycle
  const promised = view.nominations.on(table.node(slot)?.metadata.name ?? '')
  const priority = priorityOf(pod)
  const infos = promised
    .filter((other) => priorityOf(other) >= priority && other.metadata.uid !== pod.metadata.uid)
    .map((other) => table.infoOf(other))
  if (infos.length === 0) return undefined
  for (const info of infos) tryPod(cycle, filters, info, slot, 1)
  let reason: Rejection | undefined
  for (const filter of filters) if ((reason = filter.check(slot)) !== undefined) break
  for (const info of infos) tryPod(cycle, filters, info, slot, -1)
  return reason
}

/** Puts a pod on a node for a trial, or takes one away; the caller undoes it before anybody else looks. */
export function tryPod(
  { table }: Cycle,
  filters: readonly NodeFilter[],
  info: Parameters<Cycle['table']['addInfo']>[0],
  slot: number,
  amount: 1 | -1,
): void {
  if (amount === 1) table.addInfo(info, slot)
  else table.removeInfo(info, slot)
  for (const filter of filters) filter.podChanged?.(info, slot, amount)
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
    if (plugin.score(cycle, slots, scores) === false) continue
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
