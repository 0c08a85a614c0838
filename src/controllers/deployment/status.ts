import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/generated/apps-v1.ts'
import { formatTime } from '../../env/clock.ts'
import { limitsOf, replicasOf } from './rollout.ts'

/** The status of a Deployment whose new set is `newSet`; `isNew` where that is being created just now. */
export function nextStatus(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
  isNew: boolean,
  nowMs: number,
): DeploymentStatus {
  const all = newSet === undefined ? oldSets : [newSet, ...oldSets]
  const sum = (count: (set: ReplicaSet) => number | undefined) => all.reduce((n, set) => n + (count(set) ?? 0), 0)
  const available = sum((set) => set.status?.availableReplicas)
  const counts = {
    replicas: sum((set) => set.status?.replicas),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sum((set) => set.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(replicasOf) - available),
  }
  const { collisionCount } = deployment.status ?? {}
  const status = {
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  }
  const time = formatTime(nowMs)
  const next = [
    availability(deployment, available, time),
    progress(deployment, newSet, counts, isNew, nowMs),
    failureOf(all, time),
  ]
  const conditions = next.flatMap((one) => (one === undefined ? [] : [merge(deployment, one)]))
  return { ...status, conditions }
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = replicasOf(deployment)
  return [status.updatedReplicas, status.replicas, status.availableReplicas].every((count) => (count ?? 0) === wanted)
}

/** Milliseconds until a rollout that makes no progress has failed; infinite where none is under way. */
export function untilTimeoutMs(deployment: Deployment, nowMs: number): number {
  const known = deployment.status?.conditions?.find(({ type }) => type === 'Progressing')
  if (known === undefined || known.reason === 'NewReplicaSetAvailable' || known.status === 'False') return Infinity
  const seconds = deployment.spec?.progressDeadlineSeconds ?? 600
  return Date.parse(known.lastUpdateTime ?? '') + seconds * 1000 - nowMs
}

function availability(deployment: Deployment, available: number, time: string): DeploymentCondition {
  const base = { type: 'Available', lastUpdateTime: time, lastTransitionTime: time }
  if (available >= replicasOf(deployment) - limitsOf(deployment).unavailable) {
    const message = 'Deployment has minimum availability.'
    return { ...base, status: 'True', reason: 'MinimumReplicasAvailable', message }
  }
  const message = 'Deployment does not have minimum availability.'
  return { ...base, status: 'False', reason: 'MinimumReplicasUnavailable', message }
}

/** A set, the newest first, that cannot create or delete pods. */
function failureOf(sets: readonly ReplicaSet[], time: string): DeploymentCondition | undefined {
  const all = sets.flatMap((set) => set.status?.conditions ?? [])
  const failure = all.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
  if (failure === undefined) return undefined
  const { type, status, reason = '', message = '', lastTransitionTime = time } = failure
  return { type, status, reason, message, lastTransitionTime, lastUpdateTime: lastTransitionTime }
}

function progress(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  status: DeploymentStatus,
  isNew: boolean,
  nowMs: number,
): DeploymentCondition | undefined {
  const time = formatTime(nowMs)
  const base = { type: 'Progressing', lastUpdateTime: time, lastTransitionTime: time }
  const known = deployment.status?.conditions?.find(({ type }) => type === 'Progressing')
  const name = newSet?.metadata.name
  if (deployment.spec?.paused === true) {
    if (known?.reason === 'ProgressDeadlineExceeded') return known
    return { ...base, status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
  }
  if (known?.reason === 'DeploymentPaused') {
    return { ...base, status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' }
  }
  if (newSet === undefined) return known
  if (isNew)
    return { ...base, status: 'True', reason: 'NewReplicaSetCreated', message: `Created new replica set "${name}"` }
  if (isComplete(deployment, status)) {
    const message = `ReplicaSet "${name}" has successfully progressed.`
    return { ...base, status: 'True', reason: 'NewReplicaSetAvailable', message }
  }
  if (hasProgressed(deployment.status, status)) {
    return { ...base, status: 'True', reason: 'ReplicaSetUpdated', message: `ReplicaSet "${name}" is progressing.` }
  }
  if (untilTimeoutMs(deployment, nowMs) <= 0) {
    const message = `ReplicaSet "${name}" has timed out progressing.`
    return { ...base, status: 'False', reason: 'ProgressDeadlineExceeded', message }
  }
  return known ?? { ...base, status: 'True', reason: 'FoundNewReplicaSet', message: `Found new replica set "${name}"` }
}

function hasProgressed(before: DeploymentStatus | undefined, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus | undefined) => (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0)
  return (
    (after.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before?.availableReplicas ?? 0)
  )
}

/** A condition that says what it said before keeps its times; progress renews only the update time. */
function merge(deployment: Deployment, next: DeploymentCondition): DeploymentCondition {
  const known = deployment.status?.conditions?.find(({ type }) => type === next.type)
  if (known === undefined || known === next) return next
  const isSame = known.status === next.status && known.reason === next.reason
  if (isSame && next.reason !== 'ReplicaSetUpdated' && known.message === next.message) return known
  return known.status === next.status ? { ...next, lastTransitionTime: known.lastTransitionTime! } : next
}
