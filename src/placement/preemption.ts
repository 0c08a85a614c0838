import type { Pod } from '../api/generated/core-v1.ts'
import type { PodDisruptionBudget } from '../api/generated/policy-v1.ts'
import { fromLabelSelector, matchesLabels } from '../api/meta/label-selector.ts'
import type { ClusterView } from './cluster-view.ts'
import { fits, nominatedNode, tryPod } from './decide.ts'
import type { Diagnosis } from './decide.ts'
import type { Cycle, NodeFilter, Rejection } from './framework.ts'
import { rejection } from './framework.ts'
import { priorityOf } from './pod-info.ts'
import type { PodInfo } from './pod-info.ts'
import { countedReasons } from './unschedulable-message.ts'

/** Whom a pod would take the place of, and where; or in Kubernetes' words why it takes nobody's. */
export type Preemption =
  | { readonly found: true; readonly slot: number; readonly nodeName: string; readonly victims: readonly Pod[] }
  | { readonly found: false; readonly message: string; readonly keepsNomination: boolean }

/** Whose place may be taken; by Kubernetes' rule that of pods of lower priority. */
export type MayTake = (info: PodInfo) => boolean

/** One node, and the fewest pods that would have to leave it. */
interface Candidate {
  readonly slot: number
  /** The most important first. */
  readonly victims: readonly PodInfo[]
  /** How many of them their disruption budgets would keep. */
  readonly violations: number
}

/** Kubernetes' defaults: a tenth of the nodes that could do are tried, and a hundred at least. */
const MIN_CANDIDATES = 100
const MIN_CANDIDATES_PERCENT = 10
const NO_VICTIMS = rejection('DefaultPreemption', 'No preemption victims found for incoming pod', false)
const NOT_HELPFUL = rejection('DefaultPreemption', 'Preemption is not helpful for scheduling', false)

/**
 * Looks for a node where the pod would fit if pods of lower priority left it, by Kubernetes' rules (DefaultPreemption): as
 * few and as unimportant victims as possible, disruption budgets kept where that can be. Trials change the table and change
 * it back within this call.
 */
export function findPreemption(
  cycle: Cycle,
  filters: readonly NodeFilter[],
  diagnosis: Diagnosis,
  mayTake: MayTake = ({ priority }) => priority < priorityOf(cycle.pod),
): Preemption {
  const refusal = ineligible(cycle, diagnosis, mayTake)
  if (refusal !== undefined) return { found: false, message: refusal, keepsNomination: true }
  const slots = diagnosis.slots.filter((_, i) => diagnosis.rejections[i]?.preemptionMayHelp === true)
  const tried = new Map<number, Rejection>()
  const candidates = general(diagnosis) ? [] : findCandidates(cycle, filters, slots, tried, mayTake)
  const best = pick(candidates)
  if (best === undefined) return { found: false, message: nobody(diagnosis, tried), keepsNomination: false }
  const nodeName = cycle.table.node(best.slot)?.metadata.name ?? ''
  return { found: true, slot: best.slot, nodeName, victims: best.victims.map(({ pod }) => pod) }
}

const general = (diagnosis: Diagnosis) => diagnosis.general?.preemptionMayHelp === false

function ineligible({ pod, table, view }: Cycle, diagnosis: Diagnosis, mayTake: MayTake): string | undefined {
  if (pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const slot = table.slotOf(nominatedNode(view, pod))
  if (slot === undefined) return undefined
  const there = diagnosis.slots.indexOf(slot)
  if (there >= 0 && diagnosis.rejections[there]?.preemptionMayHelp === false) return undefined
  const isLeaving = table.podsOn(slot).some((info) => mayTake(info) && isPreempted(info.pod))
  return isLeaving ? 'not eligible due to a terminating pod on the nominated node.' : undefined
}

function isPreempted({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp === undefined) return false
  const target = status?.conditions?.find(({ type }) => type === 'DisruptionTarget')
  return target?.status === 'True' && target.reason === 'PreemptionByScheduler'
}

function nobody({ nodes }: Diagnosis, tried: ReadonlyMap<number, Rejection>): string {
  const entries = [...tried]
  const slots = entries.map(([slot]) => slot)
  const rejections = entries.map(([, reason]) => reason)
  return `0/${nodes} nodes are available: ${countedReasons({ nodes, slots, rejections, others: NOT_HELPFUL })}.`
}

function findCandidates(
  cycle: Cycle,
  filters: readonly NodeFilter[],
  slots: readonly number[],
  tried: Map<number, Rejection>,
  mayTake: MayTake,
): readonly Candidate[] {
  const enough = Math.min(
    slots.length,
    Math.max(MIN_CANDIDATES, Math.floor((slots.length * MIN_CANDIDATES_PERCENT) / 100)),
  )
  const offset = Math.floor(cycle.random.next() * slots.length)
  const candidates: Candidate[] = []
  let kind = 0
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[(offset + i) % slots.length] ?? 0
    const found = selectVictims(cycle, filters, slot, mayTake)
    if ('reasons' in found) tried.set(slot, found)
    else {
      candidates.push(found)
      if (found.violations === 0) kind += 1
    }
    if (kind > 0 && candidates.length >= enough) break
  }
  return candidates
}

/** The fewest pods of lower priority that must leave the node for the pod to fit; the table is as before afterwards. */
function selectVictims(
  cycle: Cycle,
  filters: readonly NodeFilter[],
  slot: number,
  mayTake: MayTake,
): Candidate | Rejection {
  const lower = cycle.table.podsOn(slot).filter(mayTake)
  if (lower.length === 0) return NO_VICTIMS
  for (const info of lower) tryPod(cycle, filters, info, slot, -1)
  const away = new Set(lower)
  try {
    const reason = fits(cycle, filters, slot)
    if (reason !== undefined) return reason
    const [protectedOnes, others] = byBudgets(cycle, lower.sort(moreImportant))
    let violations = 0
    for (const info of protectedOnes) if (!reprieve(cycle, filters, slot, info, away)) violations += 1
    for (const info of others) reprieve(cycle, filters, slot, info, away)
    return { slot, victims: [...away].sort(moreImportant), violations }
  } finally {
    for (const info of away) tryPod(cycle, filters, info, slot, 1)
  }
}

/** Puts a pod back if the other one fits beside it. */
function reprieve(
  cycle: Cycle,
  filters: readonly NodeFilter[],
  slot: number,
  info: PodInfo,
  away: Set<PodInfo>,
): boolean {
  tryPod(cycle, filters, info, slot, 1)
  if (fits(cycle, filters, slot) === undefined) {
    away.delete(info)
    return true
  }
  tryPod(cycle, filters, info, slot, -1)
  return false
}

/** Higher priority first, then who has run longer. */
function moreImportant(a: PodInfo, b: PodInfo): number {
  if (a.priority !== b.priority) return b.priority - a.priority
  const [startA, startB] = [a.pod.status?.startTime ?? '~', b.pod.status?.startTime ?? '~']
  return startA < startB ? -1 : startA > startB ? 1 : 0
}

/** Those whose disruption budgets do not allow that they go, and the others; in the order given. */
function byBudgets({ view }: Cycle, infos: readonly PodInfo[]): readonly [readonly PodInfo[], readonly PodInfo[]] {
  const kept = new Set(
    brokenBy(
      view,
      infos.map(({ pod }) => pod),
    ).keys(),
  )
  return [infos.filter(({ pod }) => kept.has(pod)), infos.filter(({ pod }) => !kept.has(pod))]
}

/** Of pods that go one after the other, those whose disruption budgets do not allow it any more, with these budgets. */
export function brokenBy(view: ClusterView, pods: readonly Pod[]): ReadonlyMap<Pod, readonly PodDisruptionBudget[]> {
  const broken = new Map<Pod, readonly PodDisruptionBudget[]>()
  if (view.budgets.size === 0) return broken
  const budgets = [...view.budgets.values()].map((budget) => ({
    budget,
    selector: fromLabelSelector(budget.spec?.selector) ?? [],
    allowed: budget.status?.disruptionsAllowed ?? 0,
  }))
  for (const pod of pods) {
    const violated: PodDisruptionBudget[] = []
    for (const each of budgets) {
      if (each.budget.metadata.namespace !== pod.metadata.namespace || each.selector.length === 0) continue
      if (pod.metadata.labels === undefined || !matchesLabels(each.selector, pod.metadata.labels)) continue
      if (each.budget.status?.disruptedPods?.[pod.metadata.name ?? ''] !== undefined) continue
      if (--each.allowed < 0) violated.push(each.budget)
    }
    if (violated.length > 0) broken.set(pod, violated)
  }
  return broken
}

const SHIFT = 2 ** 31

/** What makes one node better than another to take pods from, in this order; the smaller the better. */
const CRITERIA: readonly ((candidate: Candidate) => number)[] = [
  ({ violations }) => violations,
  ({ victims }) => victims[0]?.priority ?? 0,
  ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + SHIFT, 0),
  ({ victims }) => victims.length,
  ({ victims }) => -latestStart(victims),
]

function pick(candidates: readonly Candidate[]): Candidate | undefined {
  let left = candidates
  for (const criterion of CRITERIA) {
    if (left.length < 2) break
    const least = left.reduce((smallest, candidate) => Math.min(smallest, criterion(candidate)), Infinity)
    left = left.filter((candidate) => criterion(candidate) === least)
  }
  return left[0]
}

/** The earliest start of the most important victims, in milliseconds since the epoch. */
function latestStart(victims: readonly PodInfo[]): number {
  const highest = victims[0]?.priority
  const starts = victims
    .filter(({ priority }) => priority === highest)
    .map(({ pod }) => (pod.status?.startTime === undefined ? Infinity : Date.parse(pod.status.startTime)))
  return starts.reduce((earliest, start) => Math.min(earliest, start), Infinity)
}
