import type { KubeObject } from '../api/object.ts'
import { freezeSharing } from './freeze.ts'

/**
 * Objects of one owner, or of none, are much alike: all pods of a ReplicaSet have the same containers, and most of them came
 * to be in the same second. What a new object has in common with the one before it is kept once, which makes a store of many
 * pods half as large, and its garbage collector's work less.
 */
export interface Siblings {
  /** Freezes `object`; parts that it shares with `previous` or else with its newest sibling are replaced by theirs. */
  share(resource: string, object: KubeObject, previous?: KubeObject): KubeObject
}

/** Families that are remembered, by an object each; beyond that the one that was met first is forgotten. */
const MOST_FAMILIES = 1_000

export function createSiblings(): Siblings {
  const newest = new Map<string, KubeObject>()
  return {
    share(resource, object, previous) {
      const family = `${resource}/${object.metadata.ownerReferences?.[0]?.uid ?? ''}`
      const shared = freezeSharing(object, previous, newest.get(family))
      newest.set(family, shared)
      if (newest.size > MOST_FAMILIES) newest.delete(newest.keys().next().value!)
      return shared
    },
  }
}
