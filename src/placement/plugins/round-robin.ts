import type { ScorePlugin } from '../framework.ts'
import { MAX_SCORE } from '../framework.ts'

/** Takes the nodes that fit in turn. Each call makes a plugin with a turn of its own. */
export function roundRobin(): ScorePlugin {
  let last = -1
  return {
    name: 'RoundRobin',
    score(_cycle, slots, scores) {
      const later = slots.filter((slot) => slot > last)
      const next = Math.min(...(later.length > 0 ? later : slots))
      for (const [i, slot] of slots.entries()) scores[i] = slot === next ? MAX_SCORE : 0
      last = next
    },
  }
}
