import type { Deployment, ReplicaSet } from '../../api/generated/apps-v1.ts'
import { byAge, limitsOf, replicasOf } from './rollout.ts'
import type { Target } from './rollout.ts'

export const DESIRED = 'deployment.kubernetes.io/desired-replicas'
export const MAX = 'deployment.kubernetes.io/max-replicas'

/** Whether the Deployment was resized since its sets were: they carry the size that they were made for. */
export function isResized(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    const known = set.metadata.annotations?.[DESIRED]
    return replicasOf(set) > 0 && known !== undefined && Number(known) !== replicasOf(deployment)
  })
}

/**
 * The sizes after a change of size, without rolling on: one set gets all of it; where several have pods, in the middle of a
 * rollout, each gets its share, and the largest what rounding leaves.
 */
export function resizeTargets(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): Target[] {
  const wanted = replicasOf(deployment)
  const all = newSet === undefined ? oldSets : [...oldSets, newSet]
  const active = all.filter((set) => replicasOf(set) > 0)
  if (active.length <= 1) {
    const only = active[0] ?? newSet ?? oldSets.toSorted(byAge).at(-1)
    return only === undefined || replicasOf(only) === wanted ? [] : [{ replicaSet: only, replicas: wanted }]
  }
  if (newSet !== undefined && isSaturated(deployment, newSet)) {
    return active.filter((set) => set !== newSet).map((replicaSet) => ({ replicaSet, replicas: 0 }))
  }
  return deployment.spec?.strategy?.type === 'Recreate' ? [] : shares(deployment, active)
}

function shares(deployment: Deployment, active: readonly ReplicaSet[]): Target[] {
  const wanted = replicasOf(deployment)
  const allowed = wanted === 0 ? 0 : wanted + limitsOf(deployment).surge
  const toAdd = allowed - active.reduce((sum, set) => sum + replicasOf(set), 0)
  const age = toAdd > 0 ? (a: ReplicaSet, b: ReplicaSet) => byAge(b, a) : byAge
  const sorted = active.toSorted((a, b) => replicasOf(b) - replicasOf(a) || age(a, b))
  let added = 0
  const sizes = sorted.map((set) => {
    const fraction = toAdd === added ? 0 : fractionOf(deployment, set)
    const share = toAdd > 0 ? Math.min(fraction, toAdd - added) : Math.max(fraction, toAdd - added)
    added += toAdd === 0 ? 0 : share
    return replicasOf(set) + (toAdd === 0 ? 0 : share)
  })
  sizes[0] = Math.max(0, sizes[0]! + toAdd - added)
  return sorted.map((replicaSet, i) => ({ replicaSet, replicas: sizes[i]! }))
}

/** By how much a set would grow if it kept its part of the whole. */
function fractionOf(deployment: Deployment, set: ReplicaSet): number {
  const size = replicasOf(set)
  const wanted = replicasOf(deployment)
  if (wanted === 0) return -size
  const before = Number(set.metadata.annotations?.[MAX] ?? 0) || (deployment.status?.replicas ?? 0) || 1
  return Math.round((size * (wanted + limitsOf(deployment).surge)) / before) - size
}

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const wanted = replicasOf(deployment)
  const sizes = [Number(set.metadata.annotations?.[DESIRED]), replicasOf(set), set.status?.availableReplicas ?? 0]
  return sizes.every((size) => size === wanted)
}
