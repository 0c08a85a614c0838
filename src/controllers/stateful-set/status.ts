import type { StatefulSet, StatefulSetStatus } from '../../api/generated/apps-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { statefulSets } from '../../api/generated/resources.ts'
import type { Change } from '../../reconcile/change.ts'
import { untilAvailableMs } from '../availability.ts'
import { isReady } from '../pod-phase.ts'
import { REVISION_LABEL } from '../revision/history.ts'

/** Which revisions the pods move between. */
export interface Revisions {
  readonly current: string
  readonly update: string
  readonly collisionCount: number
}

export function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isReady(pod)
}

/** What the set's pods are now; a rolling update that has reached all of them makes its revision the current one. */
export function nextStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: Revisions,
  nowMs: number,
): StatefulSetStatus {
  const ready = pods.filter(isRunningAndReady)
  const minReadySeconds = set.spec?.minReadySeconds ?? 0
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const countOf = (revision: string) =>
    staying.filter(({ metadata }) => metadata.labels?.[REVISION_LABEL] === revision).length
  const updated = countOf(revisions.update)
  const wanted = set.spec?.replicas ?? 1
  const isComplete =
    set.spec?.updateStrategy?.type === 'RollingUpdate' &&
    [updated, ready.length, pods.length].every((count) => count === wanted)
  const counts = {
    readyReplicas: ready.length,
    currentReplicas: isComplete ? updated : countOf(revisions.current),
    updatedReplicas: updated,
  }
  const { conditions } = set.status ?? {}
  return {
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    replicas: pods.length,
    availableReplicas: ready.filter((pod) => untilAvailableMs(pod, minReadySeconds, nowMs) === 0).length,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    currentRevision: isComplete ? revisions.update : revisions.current,
    updateRevision: revisions.update,
    collisionCount: revisions.collisionCount,
    ...(conditions === undefined ? {} : { conditions }),
  }
}

const FIELDS = [
  'observedGeneration',
  'replicas',
  'readyReplicas',
  'availableReplicas',
  'currentReplicas',
  'updatedReplicas',
  'currentRevision',
  'updateRevision',
  'collisionCount',
] as const

export function writeStatus(set: StatefulSet, next: StatefulSetStatus): Change[] {
  if (set.status !== undefined && FIELDS.every((name) => (set.status![name] ?? 0) === (next[name] ?? 0))) return []
  const object: StatefulSet = { ...set, status: next }
  return [{ verb: 'update', type: statefulSets, object, subresource: 'status' }]
}
