import type { Deployment, ReplicaSet } from '../../api/generated/apps-v1.ts'
import { amountOf } from '../amount-of.ts'

/** How many replicas a ReplicaSet is to have. */
export interface Target {
  readonly replicaSet: ReplicaSet
  readonly replicas: number
}

/** How many pods there may be beyond the wanted ones, and how many of them may be missing: none, where all are replaced at once. */
export function limitsOf(deployment: Deployment): { surge: number; unavailable: number } {
  const replicas = replicasOf(deployment)
  if (deployment.spec?.strategy?.type === 'Recreate') return { surge: 0, unavailable: 0 }
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec?.strategy?.rollingUpdate ?? {}
  const surge = amountOf(maxSurge, replicas, Math.ceil)
  const unavailable = Math.min(replicas, amountOf(maxUnavailable, replicas, Math.floor))
  // Both zero would never move: Kubernetes then allows one to be missing.
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

export function replicasOf(owner: Deployment | ReplicaSet): number {
  return owner.spec?.replicas ?? 1
}

/**
 * The next sizes of a rolling update, as in Kubernetes: the new set grows within the surge; old sets shrink, unhealthy pods
 * first, as far as enough pods remain available.
 */
export function rollingTargets(deployment: Deployment, newSet: ReplicaSet, oldSets: readonly ReplicaSet[]): Target[] {
  const wanted = replicasOf(deployment)
  const { surge, unavailable } = limitsOf(deployment)
  const total = [newSet, ...oldSets].reduce((sum, set) => sum + replicasOf(set), 0)
  const current = replicasOf(newSet)
  if (current > wanted) return [{ replicaSet: newSet, replicas: wanted }]
  const room = Math.min(wanted + surge - total, wanted - current)
  if (room > 0) return [{ replicaSet: newSet, replicas: current + room }]
  return shrinkOld(newSet, oldSets, total, wanted - unavailable)
}

function shrinkOld(newSet: ReplicaSet, oldSets: readonly ReplicaSet[], total: number, minAvailable: number): Target[] {
  const newMissing = replicasOf(newSet) - availableOf(newSet)
  let cleanable = total - minAvailable - newMissing
  if (cleanable <= 0) return []
  const sizes = new Map(oldSets.map((set) => [set, replicasOf(set)]))
  const oldestFirst = oldSets.toSorted(byAge)
  for (const set of oldestFirst) {
    const unhealthy = Math.min(cleanable, Math.max(0, replicasOf(set) - availableOf(set)))
    sizes.set(set, replicasOf(set) - unhealthy)
    cleanable -= unhealthy
  }
  let spare = [newSet, ...oldSets].reduce((sum, set) => sum + availableOf(set), 0) - minAvailable
  for (const set of oldestFirst) {
    const less = Math.max(0, Math.min(spare, sizes.get(set)!))
    sizes.set(set, sizes.get(set)! - less)
    spare -= less
  }
  return oldSets
    .map((replicaSet) => ({ replicaSet, replicas: sizes.get(replicaSet)! }))
    .filter(({ replicaSet, replicas }) => replicas !== replicasOf(replicaSet))
}

function availableOf(set: ReplicaSet): number {
  return set.status?.availableReplicas ?? 0
}

export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  return (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '')
}
