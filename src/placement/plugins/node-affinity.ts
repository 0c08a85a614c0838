import type { NodeAffinity, NodeSelectorTerm } from '../../api/generated/core-v1.ts'
import { matchesNode, preferredTermsWeight, requiredAffinityHolds } from '../node-affinity.ts'
import type { FilterPlugin, ScorePlugin } from '../framework.ts'
import { normalize, rejection } from '../framework.ts'

const NAME = 'NodeAffinity'
const MISMATCH = rejection(NAME, "node(s) didn't match Pod's node affinity/selector", false)
const ENFORCED = rejection(NAME, "node(s) didn't match scheduler-enforced node affinity", false)
const CONFLICT = rejection(NAME, 'pod affinity terms conflict', false)

/** Keeps nodes that satisfy the pod's node selector and required node affinity, and the profile's own (`addedAffinity`). */
export function requiredAffinity(added?: NodeAffinity): FilterPlugin {
  const enforced = added?.requiredDuringSchedulingIgnoredDuringExecution
  return {
    name: NAME,
    wakesOn: ['node-added', 'node-labels'],
    prepare({ pod, table }) {
      const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
      const selector = pod.spec?.nodeSelector
      if (required === undefined && enforced === undefined && selector === undefined) return undefined
      const only = required && nodeNames(required.nodeSelectorTerms)
      if (only?.size === 0) return CONFLICT
      return {
        ...(only && { only }),
        check(slot) {
          const node = table.node(slot)
          if (node === undefined) return MISMATCH
          if (enforced !== undefined && !requiredAffinityHolds(enforced, node)) return ENFORCED
          return matchesNode(pod, node) ? undefined : MISMATCH
        },
      }
    },
  }
}

/** The nodes that the terms name, where each of them names some: no other can do. */
function nodeNames(terms: readonly NodeSelectorTerm[]): Set<string> | undefined {
  const all = new Set<string>()
  for (const { matchFields = [] } of terms) {
    let names: Set<string> | undefined
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue
      const these = new Set(values)
      names = names === undefined ? these : names.intersection(these)
    }
    if (names === undefined) return undefined
    for (const name of names) all.add(name)
  }
  return terms.length === 0 ? undefined : all
}

/** Prefers nodes by the weights of the pod's preferred node affinity, and of the profile's own. */
export function preferredAffinity(added?: NodeAffinity): ScorePlugin {
  return {
    name: NAME,
    score({ pod, table }, slots, scores) {
      const terms = [...preferredOf(pod.spec?.affinity?.nodeAffinity), ...preferredOf(added)]
      if (terms.length === 0) return false
      for (let i = 0; i < slots.length; i++) {
        const node = table.node(slots[i] ?? 0)
        scores[i] = node === undefined ? 0 : preferredTermsWeight(terms, node)
      }
      normalize(scores, false)
      return true
    },
  }
}

const preferredOf = (affinity: NodeAffinity | undefined) =>
  affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
