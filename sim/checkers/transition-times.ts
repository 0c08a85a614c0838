import type { Pod, PodCondition } from '../../src/api/generated/core-v1.ts'
import { check } from './checker.ts'
import type { Checker } from './checker.ts'

/**
 * A condition of a pod keeps the time of its last transition for as long as its status stays. One writer may not have heard of
 * another's, such as a node that was cut off; a time that goes back, or changes again, is of writes that go by an object out
 * of date, and those follow each other round. Not for `PodScheduled`, which is written once an attempt, and as by Kubernetes'
 * scheduler from its cache.
 */
export function transitionsKeepTheirTime(): Checker {
  const moved = new Set<string>()
  return {
    name: 'transitions keep their time',
    commit({ changes }) {
      for (const { type, entry, previous } of changes) {
        if (entry.resource !== 'pods' || type !== 'update' || previous === undefined) continue
        const before = new Map(conditionsOf(previous.object as Pod).map((condition) => [condition.type, condition]))
        for (const now of conditionsOf(entry.object as Pod)) {
          const then = before.get(now.type)
          const id = `${entry.object.metadata.uid} ${now.type}`
          if (then?.status !== now.status) moved.delete(id)
          else if (then.lastTransitionTime !== now.lastTransitionTime) {
            const goesBack = (now.lastTransitionTime ?? '') < (then.lastTransitionTime ?? '')
            const facts = () => `${now.type} of ${entry.key} is ${now.status} since ${then.lastTransitionTime}`
            check(!goesBack && !moved.has(id), () => `${facts()}, and was written as since ${now.lastTransitionTime}`)
            moved.add(id)
          }
        }
      }
    },
  }
}

const conditionsOf = ({ status }: Pod): readonly PodCondition[] =>
  (status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled')
