import type { ReplicaSet, ReplicaSetStatus } from '../../api/generated/apps-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { pods as podsType, replicaSets } from '../../api/generated/resources.ts'
import { formatTime } from '../../env/clock.ts'
import type { Change } from '../../reconcile/change.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { untilAvailableMs } from '../availability.ts'
import { claim } from '../claim.ts'
import { controllerReference } from '../controller-reference.ts'
import { createPod, deletePod } from '../pod-changes.ts'
import { isActive, isReady } from '../pod-phase.ts'
import { mostDispensable } from './dispensability.ts'

/** Most pods that one decision creates or deletes, as in Kubernetes. */
const MOST_PODS_AT_ONCE = 500

/** A ReplicaSet, and all pods of its namespace that it owns or may adopt. */
export interface ReplicaSetView {
  readonly replicaSet: ReplicaSet | undefined
  readonly candidates: readonly Pod[]
  /** Those of all sets that its owner has, itself included; a set without an owner has none. */
  readonly related?: () => readonly Pod[]
  /** Why the last attempt to create or delete pods failed, if it did. */
  readonly failure?: ScalingFailure | undefined
}

export interface ScalingFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete'
  readonly message: string
}

/** Keeps as many active pods as are wanted, and says in the status how they fare. */
export function decideReplicaSet(view: ReplicaSetView, nowMs: number): Decision {
  const { replicaSet } = view
  if (replicaSet === undefined) return SETTLED
  const { owned, changes: claims } = claim(replicaSet, podsType, view.candidates, { mayAdopt: isActive })
  const active = owned.filter(isActive)
  const scaling = replicaSet.metadata.deletionTimestamp === undefined ? scale(view, replicaSet, active, nowMs) : []
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0
  const waits = active.map((pod) => untilAvailableMs(pod, minReadySeconds, nowMs))
  const counts = nextStatus(replicaSet, active, waits.filter((ms) => ms === 0).length)
  const failure = scaling.length === 0 ? undefined : view.failure
  const next = { ...counts, ...conditionsOf(replicaSet, failure, nowMs) }
  const status = writeStatus(replicaSet, next)
  // What failed before may fail again: then the status has said so already.
  const changes = failure === undefined ? [...claims, ...scaling, ...status] : [...claims, ...status, ...scaling]
  const soonestMs = Math.min(Infinity, ...waits.filter((ms) => ms > 0))
  return soonestMs === Infinity ? { changes } : { changes, requeueAfterMs: soonestMs }
}

function scale({ related }: ReplicaSetView, set: ReplicaSet, active: readonly Pod[], nowMs: number): Change[] {
  const surplus = active.length - (set.spec?.replicas ?? 1)
  if (surplus === 0) return []
  if (surplus < 0) {
    const count = Math.min(MOST_PODS_AT_ONCE, -surplus)
    const created = Array.from({ length: count }, () => createPod(set, podFor(set)))
    return [{ verb: 'together', slowStart: true, changes: created }]
  }
  const doomed = mostDispensable(active, related?.() ?? [], Math.min(MOST_PODS_AT_ONCE, surplus), nowMs)
  return [{ verb: 'together', changes: doomed.map((pod) => deletePod(set, pod)) }]
}

function podFor(set: ReplicaSet): Pod {
  const { metadata, spec } = set.spec!.template!
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${set.metadata.name!.slice(0, 57)}-`,
      namespace: set.metadata.namespace!,
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ...(metadata?.finalizers === undefined ? {} : { finalizers: metadata.finalizers }),
      ownerReferences: [controllerReference(set)],
    },
    spec: spec!,
  }
}

function nextStatus(set: ReplicaSet, active: readonly Pod[], available: number): Omit<ReplicaSetStatus, 'conditions'> {
  const labels = Object.entries(set.spec?.template?.metadata?.labels ?? {})
  const isFullyLabeled = (pod: Pod) => labels.every(([name, value]) => pod.metadata.labels?.[name] === value)
  const counts = {
    fullyLabeledReplicas: active.filter(isFullyLabeled).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: available,
  }
  return {
    replicas: active.length,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
  }
}

/** The condition ReplicaFailure stands for as long as pods cannot be created or deleted; others are somebody else's. */
function conditionsOf(set: ReplicaSet, failure: ScalingFailure | undefined, nowMs: number) {
  const known = set.status?.conditions ?? []
  const isFailure = ({ type }: { readonly type: string }) => type === 'ReplicaFailure'
  const standing = known.find(isFailure)
  const others = known.filter((condition) => !isFailure(condition))
  const added =
    failure === undefined
      ? []
      : [standing ?? { type: 'ReplicaFailure', status: 'True', lastTransitionTime: formatTime(nowMs), ...failure }]
  const conditions = [...others, ...added]
  return conditions.length === 0 ? {} : { conditions }
}

const COUNTS = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'] as const

function writeStatus(set: ReplicaSet, next: ReplicaSetStatus): Change[] {
  const { status } = set
  const isSame = COUNTS.every((name) => (status?.[name] ?? 0) === (next[name] ?? 0))
  const types = (one: ReplicaSetStatus | undefined) => (one?.conditions ?? []).map(({ type }) => type).join()
  if (status !== undefined && isSame && types(status) === types(next)) return []
  const object: ReplicaSet = { ...set, status: next }
  return [{ verb: 'update', type: replicaSets, object, subresource: 'status' }]
}
