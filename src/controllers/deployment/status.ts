import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/generated/apps-v1.ts'
import { formatTime } from '../../env/clock.ts'
import { limitsOf, replicasOf } from './rollout.ts'

/** What a look at a Deployment did: it made the new set, changed sizes alone, or went on with the rollout. */
export type Look = 'began' | 'resized' | 'rolled'

type Conditions = readonly DeploymentCondition[]

/** The status of a Deployment whose new set is `newSet`, its conditions in the order in which they changed last. */
export function nextStatus(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
  look: Look,
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
  const before = announced(deployment, newSet, look, nowMs)
  const conditions = put(before, availability(deployment, available, formatTime(nowMs)))
  if (look === 'resized') return { ...status, conditions }
  const progressed = hasDeadline(deployment)
    ? progress(deployment, newSet, counts, conditions, nowMs)
    : conditions.filter(({ type }) => type !== 'Progressing')
  return { ...status, conditions: withFailure(progressed, all, formatTime(nowMs)) }
}

/** Kubernetes takes the largest number for none at all. */
const NO_DEADLINE = 2 ** 31 - 1

const hasDeadline = ({ spec }: Deployment) => (spec?.progressDeadlineSeconds ?? NO_DEADLINE) !== NO_DEADLINE

const progressing = (conditions: Conditions) => conditions.find(({ type }) => type === 'Progressing')

/** What is said before the rollout is looked at: that it was paused or goes on, or that there is a new set. */
function announced(deployment: Deployment, newSet: ReplicaSet | undefined, look: Look, nowMs: number): Conditions {
  const conditions = deployment.status?.conditions ?? []
  if (!hasDeadline(deployment)) return conditions
  const say = (to: Conditions, status: string, reason: string, message: string) =>
    put(to, progressCondition(status, reason, message, formatTime(nowMs)))
  const reason = progressing(conditions)?.reason
  const isPaused = deployment.spec?.paused === true
  const isSilent = reason === 'ProgressDeadlineExceeded' || isPaused === (reason === 'DeploymentPaused')
  const [is, words] = isPaused ? PAUSED : RESUMED
  const paused = isSilent ? conditions : say(conditions, 'Unknown', is, words)
  if (newSet === undefined) return paused
  const { name } = newSet.metadata
  if (look === 'began') return say(paused, 'True', 'NewReplicaSetCreated', `Created new replica set "${name}"`)
  if (progressing(paused) !== undefined) return paused
  return say(paused, 'True', 'FoundNewReplicaSet', `Found new replica set "${name}"`)
}

const PAUSED = ['DeploymentPaused', 'Deployment is paused'] as const
const RESUMED = ['DeploymentResumed', 'Deployment is resumed'] as const

/** The status of a Deployment whose set could not be made. */
export function withoutSet(deployment: Deployment, message: string, nowMs: number): DeploymentStatus {
  const { status = {} } = deployment
  if (!hasDeadline(deployment)) return status
  const failed = progressCondition('False', 'ReplicaSetCreateError', message, formatTime(nowMs))
  return { ...status, conditions: put(status.conditions ?? [], failed) }
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = replicasOf(deployment)
  return [status.updatedReplicas, status.replicas, status.availableReplicas].every((count) => (count ?? 0) === wanted)
}

/** Milliseconds until a rollout that makes no progress has failed; infinite where none is under way. */
export function untilTimeoutMs(deployment: Deployment, nowMs: number): number {
  const known = progressing(deployment.status?.conditions ?? [])
  if (known === undefined || known.reason === 'NewReplicaSetAvailable' || known.status === 'False') return Infinity
  if (!hasDeadline(deployment)) return Infinity
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
function withFailure(conditions: Conditions, sets: readonly ReplicaSet[], time: string): Conditions {
  const all = sets.flatMap((set) => set.status?.conditions ?? [])
  const failure = all.find(({ type }) => type === 'ReplicaFailure')
  if (failure === undefined) return conditions.filter(({ type }) => type !== 'ReplicaFailure')
  const { type, status, reason = '', message = '', lastTransitionTime = time } = failure
  return put(conditions, { type, status, reason, message, lastTransitionTime, lastUpdateTime: lastTransitionTime })
}

/** How the rollout goes; one that is complete says so until it is another. */
function progress(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  status: DeploymentStatus,
  conditions: Conditions,
  nowMs: number,
): Conditions {
  const known = progressing(conditions)
  if (status.replicas === status.updatedReplicas && known?.reason === 'NewReplicaSetAvailable') return conditions
  const time = formatTime(nowMs)
  const whose =
    newSet === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newSet.metadata.name}"`
  const say = (value: string, reason: string, does: string) =>
    progressCondition(value, reason, `${whose} ${does}.`, time)
  if (isComplete(deployment, status)) {
    return put(conditions, say('True', 'NewReplicaSetAvailable', 'has successfully progressed'))
  }
  if (hasProgressed(deployment.status, status)) {
    const next = say('True', 'ReplicaSetUpdated', 'is progressing')
    // Progress renews the time of its update even where it says what it said before.
    const others = conditions.filter(({ type }) => type !== 'Progressing')
    return [...others, known?.status === 'True' ? { ...next, lastTransitionTime: known.lastTransitionTime! } : next]
  }
  if (untilTimeoutMs({ ...deployment, status: { conditions } }, nowMs) > 0) return conditions
  return put(conditions, say('False', 'ProgressDeadlineExceeded', 'has timed out progressing'))
}

function progressCondition(status: string, reason: string, message: string, time: string): DeploymentCondition {
  return { type: 'Progressing', lastUpdateTime: time, lastTransitionTime: time, status, reason, message }
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

/** A condition that has not changed stays as it is where it is; one that has comes last. */
function put(conditions: Conditions, next: DeploymentCondition): Conditions {
  const known = conditions.find(({ type }) => type === next.type)
  if (known?.status === next.status && known.reason === next.reason) return conditions
  const others = conditions.filter((one) => one !== known)
  if (known?.status !== next.status) return [...others, next]
  return [...others, { ...next, lastTransitionTime: known.lastTransitionTime! }]
}
