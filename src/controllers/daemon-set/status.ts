import type { DaemonSet, DaemonSetStatus } from '../../api/generated/apps-v1.ts'
import { daemonSets } from '../../api/generated/resources.ts'
import type { Change } from '../../reconcile/change.ts'
import { isReady } from '../pod-phase.ts'
import { isAvailable, isUpdated } from './scene.ts'
import type { Scene } from './scene.ts'

/** How many nodes are to have the daemon, and how it fares there: the oldest pod of a node speaks for it. */
export function nextStatus(scene: Scene, collisionCount: number): DaemonSetStatus {
  const { set } = scene
  const wanted = scene.places.filter(({ eligibility }) => eligibility === 'run')
  const pods = wanted.flatMap(({ pods: [oldest] }) => (oldest === undefined ? [] : [oldest]))
  const available = pods.filter((pod) => isReady(pod) && isAvailable(scene, pod)).length
  const counts = {
    updatedNumberScheduled: pods.filter((pod) => isUpdated(scene, pod)).length,
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
    collisionCount,
  }
  const { conditions } = set.status ?? {}
  return {
    currentNumberScheduled: pods.length,
    numberMisscheduled: scene.places.filter((place) => place.eligibility !== 'run' && place.pods.length > 0).length,
    desiredNumberScheduled: wanted.length,
    numberReady: pods.filter(isReady).length,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...(conditions === undefined ? {} : { conditions }),
  }
}

const FIELDS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'observedGeneration',
  'collisionCount',
] as const

export function writeStatus(set: DaemonSet, next: DaemonSetStatus): Change[] {
  const { status } = set
  // A new object's status has the required counts, all zero, and has been observed by nobody.
  if (status !== undefined && FIELDS.every((name) => (status[name] ?? 0) === (next[name] ?? 0))) return []
  const object: DaemonSet = { ...set, status: next }
  return [{ verb: 'update', type: daemonSets, object, subresource: 'status' }]
}
