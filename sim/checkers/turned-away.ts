import type { Pod } from '../../src/api/generated/core-v1.ts'
import { check } from './checker.ts'
import type { Checker } from './checker.ts'

/**
 * No node turns away a pod for want of room: scheduler and node agree on who takes some, whoever hears first of a pod that goes.
 */
export function nobodyIsTurnedAway(): Checker {
  return {
    name: 'nobody is turned away',
    commit({ changes }) {
      for (const { type, entry } of changes) {
        if (entry.resource !== 'pods' || type === 'delete') continue
        const { metadata, spec, status } = entry.object as Pod
        const isTurnedAway = status?.reason?.startsWith('OutOf') === true
        check(!isTurnedAway, () => `${spec?.nodeName} turned ${metadata.name} away: ${status?.message}`)
      }
    },
  }
}
