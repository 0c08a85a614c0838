import { DEFAULT_REQUEST } from '../../placement/pod-requests.ts'
import type { Cycle, ScorePlugin } from '../framework.ts'
import { MAX_SCORE } from '../framework.ts'

/** How much each resource counts in {@link bestScore}; whatever is not named counts once. */
export type ResourceWeights = Readonly<Record<string, number>>

/**
 * Prefers the node that could hold the pod most often: the sum, over the resources that the pod asks for (cpu and memory
 * always, by Kubernetes' default requests where none are given), of weight x available / requested, spread over 0 to 100
 * from the lowest to the highest node.
 */
export function bestScore(weights: ResourceWeights = {}): ScorePlugin {
  return {
    name: 'BestScore',
    score(cycle, slots, scores) {
      for (const [i, slot] of slots.entries()) scores[i] = remaining(cycle, slot, weights)
      spread(scores, 1)
    },
  }
}

/** The opposite of {@link bestScore}: prefers the node that is left with the least, and so fills nodes one by one. */
export function leastRemaining(weights: ResourceWeights = {}): ScorePlugin {
  return {
    name: 'LeastRemaining',
    score(cycle, slots, scores) {
      for (const [i, slot] of slots.entries()) scores[i] = remaining(cycle, slot, weights)
      spread(scores, -1)
    },
  }
}

function remaining({ table, requests }: Cycle, slot: number, weights: ResourceWeights): number {
  let score = 0
  for (const [resource, requested] of Object.entries({ ...DEFAULT_REQUEST, ...positive(requests.exact) })) {
    const column = table.column(resource)
    const available = (column?.allocatable[slot] ?? 0) - (column?.requested[slot] ?? 0)
    score += ((weights[resource] ?? 1) * available) / requested
  }
  return score
}

function positive(amounts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount > 0))
}

/** Maps the lowest to 0 and the highest to 100, or the other way round; all alike get 100. */
function spread(scores: Float64Array, direction: 1 | -1): void {
  const lowest = Math.min(...scores)
  const range = Math.max(...scores) - lowest
  for (let i = 0; i < scores.length; i++) {
    const share = range === 0 ? 1 : ((scores[i] ?? 0) - lowest) / range
    scores[i] = MAX_SCORE * (direction === 1 || range === 0 ? share : 1 - share)
  }
}
