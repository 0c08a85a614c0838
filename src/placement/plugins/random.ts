import type { ScorePlugin } from '../framework.ts'
import { MAX_SCORE } from '../framework.ts'

/** Takes any node that fits, each as likely as the other. */
export const random: ScorePlugin = {
  name: 'Random',
  score(cycle, slots, scores) {
    for (const i of slots.keys()) scores[i] = cycle.random.next() * MAX_SCORE
  },
}
