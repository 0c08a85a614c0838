import type { Pod } from '../../api/generated/core-v1.ts'
import { affinityTerms, mayMean, means, podsMeant } from '../affinity-terms.ts'
import type { AffinityTerm } from '../affinity-terms.ts'
import { isMeant } from '../pod-sorts.ts'
import type { PodMatch } from '../pod-sorts.ts'
import type { Cycle, FilterPlugin, NodeFilter, ScorePlugin } from '../framework.ts'
import { MAX_SCORE, rejection } from '../framework.ts'
import type { Tally } from '../tally.ts'
import type { Topology } from '../topology.ts'

const NAME = 'InterPodAffinity'
const NOT_NEAR = rejection(NAME, "node(s) didn't match pod affinity rules", false)
const NOT_APART = rejection(NAME, "node(s) didn't match pod anti-affinity rules", true)
const OTHERS_APART = rejection(NAME, "node(s) didn't satisfy existing pods anti-affinity rules", true)

/** Kubernetes' `hardPodAffinityWeight`: what a required term of a pod on a node is worth to one that it means. */
const REQUIRED_WEIGHT = 1

/** Pods of some sort, by topology value. Sums are read anew for each node, since trials change them. */
interface Around {
  readonly topology: Topology
  readonly tally: Tally
  readonly weight: number
}

/** Keeps nodes with the pods around that the pod must be near, and without those that it, or they, must be apart from. */
export const podAffinity: FilterPlugin = {
  name: NAME,
  wakesOn: ['pod-added', 'pod-gone', 'pod-labels', 'node-added', 'node-labels'],
  prepare(cycle) {
    const terms = affinityTerms(cycle.pod)
    const near = requiredNear(cycle, terms)
    const apart = terms.flatMap((term) => (term.sort === 'requiredApart' ? around(cycle, term, 1) : []))
    const othersApart = termsOfOthers(cycle, (term) => (term.sort === 'requiredApart' ? 1 : 0))
    if (near === undefined && apart.length === 0 && othersApart.length === 0) return undefined
    return {
      check(slot) {
        if (near !== undefined && !near(slot)) return NOT_NEAR
        if (someThere(apart, slot)) return NOT_APART
        return someThere(othersApart, slot) ? OTHERS_APART : undefined
      },
    } satisfies NodeFilter
  },
  helps(pod, event, about) {
    if (event === 'node-added' || event === 'node-labels') return true
    const terms = affinityTerms(pod)
    const other = about as Pod
    if (event === 'pod-labels') return true
    const wanted = event === 'pod-gone' ? 'requiredApart' : 'requiredNear'
    if (terms.some((term) => term.sort === wanted && mayMean(term, other))) return true
    return event === 'pod-gone' && affinityTerms(other).some((term) => term.sort === wanted && mayMean(term, pod))
  },
}

/**
 * Whether there are pods around a node that all required terms mean. The first of pods that want each other around may go
 * anywhere that has the topology.
 */
function requiredNear(cycle: Cycle, terms: readonly AffinityTerm[]): ((slot: number) => boolean) | undefined {
  const required = terms.filter(({ sort }) => sort === 'requiredNear')
  if (required.length === 0) return undefined
  const { table, view, pod } = cycle
  const topologies = required.map(({ topologyKey }) => table.topology(topologyKey))
  const matches = required.map((term) => podsMeant(term, view.namespaces))
  if (!matches.every((match): match is PodMatch => match !== undefined)) return () => false
  const { tally } = table.sorts.count(matches, false)
  const meansItself = isMeant(matches, pod.metadata.namespace ?? '', pod.metadata.labels)
  return (slot) => {
    let areThere = true
    for (const topology of topologies) {
      const id = topology.ids[slot] ?? -1
      if (id < 0) return false
      if ((tally.sums(topology)[id] ?? 0) <= 0) areThere = false
    }
    return areThere || (meansItself && noneAnywhere(tally, topologies))
  }
}

/** Pods on nodes without the label are around nobody. */
function noneAnywhere(tally: Tally, topologies: readonly Topology[]): boolean {
  if (tally.total === 0) return true
  return topologies.every((topology) => tally.sums(topology).every((count) => count === 0))
}

function around({ table, view }: Cycle, term: AffinityTerm, weight: number): readonly Around[] {
  const match = podsMeant(term, view.namespaces)
  if (match === undefined) return []
  return [{ topology: table.topology(term.topologyKey), tally: table.sorts.count([match], false).tally, weight }]
}

/** The terms of pods on nodes that mean this pod, as far as they weigh anything. */
function termsOfOthers({ table, view, pod }: Cycle, weightOf: (term: AffinityTerm) => number): readonly Around[] {
  if (table.terms.isEmpty) return []
  const found: Around[] = []
  for (const { term, tally } of table.terms.all) {
    const weight = weightOf(term)
    if (weight === 0 || !means(term, pod, view.namespaces)) continue
    found.push({ topology: table.topology(term.topologyKey), tally, weight })
  }
  return found
}

function someThere(all: readonly Around[], slot: number): boolean {
  for (const { topology, tally } of all) {
    const id = topology.ids[slot] ?? -1
    if (id >= 0 && (tally.sums(topology)[id] ?? 0) > 0) return true
  }
  return false
}

/** Prefers nodes by the pods around them: by the pod's preferred terms, and by what pods there prefer or require. */
export const podAffinityScore: ScorePlugin = {
  name: NAME,
  score(cycle, slots, scores) {
    const own = affinityTerms(cycle.pod).flatMap((term) => {
      if (term.sort === 'preferredNear') return around(cycle, term, term.weight)
      return term.sort === 'preferredApart' ? around(cycle, term, -term.weight) : []
    })
    const all = [...own, ...termsOfOthers(cycle, worthToOthers)]
    if (all.length === 0) return false
    for (const { topology, tally, weight } of all) {
      const sums = tally.sums(topology)
      const { ids } = topology
      for (let i = 0; i < slots.length; i++) {
        const id = ids[slots[i] ?? 0] ?? -1
        if (id >= 0) scores[i] = (scores[i] ?? 0) + weight * (sums[id] ?? 0)
      }
    }
    spreadOut(scores)
    return true
  },
}

function worthToOthers({ sort, weight }: AffinityTerm): number {
  if (sort === 'requiredNear') return REQUIRED_WEIGHT
  if (sort === 'preferredNear') return weight
  return sort === 'preferredApart' ? -weight : 0
}

/** Maps the lowest to 0 and the highest to 100; all alike get 0, as in Kubernetes. */
function spreadOut(scores: Float64Array): void {
  let lowest = Infinity
  let highest = -Infinity
  for (const score of scores) {
    lowest = Math.min(lowest, score)
    highest = Math.max(highest, score)
  }
  const range = highest - lowest
  for (let i = 0; i < scores.length; i++) {
    scores[i] = range > 0 ? Math.floor((MAX_SCORE * ((scores[i] ?? 0) - lowest)) / range) : 0
  }
}
