import type { ControllerRevision, StatefulSet } from '../../api/generated/apps-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import type { Change, TogetherChange } from '../../reconcile/change.ts'
import { untilAvailableMs } from '../availability.ts'
import { isTerminal } from '../pod-phase.ts'
import { REVISION_LABEL } from '../revision/history.ts'
import { templateOf } from '../revision/template.ts'
import { hasStaleClaim, missingClaims, retainedClaims } from './claims.ts'
import type { FindClaim } from './claims.ts'
import { isInRange, ordinalOf, ordinalsOf, podFor } from './identity.ts'
import { createPod, deletePod, restoreName } from './pod-changes.ts'
import { isRunningAndReady } from './status.ts'

/** Most pods that one decision creates or deletes, as in Kubernetes. */
const MOST_PODS_AT_ONCE = 500

export interface Scene {
  readonly set: StatefulSet
  readonly pods: readonly Pod[]
  readonly current: ControllerRevision
  readonly update: ControllerRevision
  readonly findClaim: FindClaim
  readonly nowMs: number
}

/** What is done about one pod; `isBlocked` where, in order, nothing after it may be done yet. */
interface Step {
  readonly changes: readonly Change[]
  readonly isBlocked: boolean
}

/**
 * Kubernetes' order: first every wanted ordinal has its pod, lowest first; then pods of other ordinals go, highest first;
 * then pods of old revisions go, highest first. In order (OrderedReady), each step waits for those before it; with
 * Parallel, only the update does.
 */
export function nextSteps(scene: Scene): Change[] {
  const { set, pods } = scene
  const inOrder = set.spec?.podManagementPolicy !== 'Parallel'
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod)!, pod]))
  const { start, end } = ordinalsOf(set)
  const wanted = Array.from({ length: end - start }, (_, index) => start + index)
  const condemned = [...byOrdinal.keys()].filter((ordinal) => !isInRange(set, ordinal)).sort((a, b) => b - a)
  const first = [...wanted, ...condemned.toReversed()].find((ordinal) => !isAvailable(scene, byOrdinal.get(ordinal)))

  const kept = run(wanted, inOrder, (ordinal) => keep(scene, ordinal, byOrdinal.get(ordinal)))
  if (kept.isBlocked) return [...kept.changes]
  const condemn = (ordinal: number) => giveUp(scene, ordinal, byOrdinal.get(ordinal)!, inOrder && ordinal !== first)
  const gone = run(condemned, inOrder, condemn)
  const changes = [...kept.changes, ...gone.changes]
  if (gone.isBlocked || set.spec?.updateStrategy?.type === 'OnDelete') return changes
  return [...changes, ...replaceOne(scene, byOrdinal, wanted)]
}

function run(ordinals: readonly number[], inOrder: boolean, stepFor: (ordinal: number) => Step): Step {
  if (!inOrder) {
    const steps = ordinals.map(stepFor)
    return { changes: together(steps.flatMap(({ changes }) => changes)), isBlocked: false }
  }
  const changes: Change[] = []
  for (const ordinal of ordinals) {
    const step = stepFor(ordinal)
    changes.push(...step.changes)
    if (step.isBlocked) return { changes, isBlocked: true }
  }
  return { changes, isBlocked: false }
}

/** Claims come before the pods that use them. */
function together(changes: readonly Change[]): TogetherChange[] {
  const singles = changes.filter((change) => change.verb !== 'together')
  const isPod = (change: Change) => 'type' in change && change.type.plural === 'pods'
  const parts = [singles.filter((change) => !isPod(change)), singles.filter(isPod).slice(0, MOST_PODS_AT_ONCE)]
  return parts.filter((part) => part.length > 0).map((part) => ({ verb: 'together', slowStart: true, changes: part }))
}

/** An ordinal that is wanted: its pod is created, replaced once it has ended, and waited for. */
function keep(scene: Scene, ordinal: number, pod: Pod | undefined): Step {
  const { set, findClaim } = scene
  if (pod === undefined) {
    if (hasStaleClaim(set, ordinal, findClaim)) return { changes: [], isBlocked: true }
    const created = createPod(set, newPod(scene, ordinal))
    return { changes: [...missingClaims(set, ordinal, findClaim), created], isBlocked: true }
  }
  const isGoing = pod.metadata.deletionTimestamp !== undefined
  if (isTerminal(pod)) return { changes: isGoing ? [] : [deletePod(set, pod)], isBlocked: true }
  const claims = pod.status?.phase === 'Pending' ? missingClaims(set, ordinal, findClaim) : []
  if (isGoing || !isAvailable(scene, pod)) return { changes: claims, isBlocked: true }
  const changes = [...restoreName(set, pod), ...retainedClaims(set, pod, ordinal, false, findClaim)]
  return { changes, isBlocked: false }
}

/** A pod below the partition is made of the current revision, any other of the one that is rolled out. */
function newPod({ set, current, update }: Scene, ordinal: number): Pod {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {}
  const isOld = type === 'RollingUpdate' && ordinal < ordinalsOf(set).start + (rollingUpdate?.partition ?? 0)
  const revision = isOld ? current : update
  return podFor(set, templateOf(revision), revision.metadata.name!, ordinal)
}

/** A pod that is not wanted any more: in order it goes when those below it are well, or when it is the first that is not. */
function giveUp({ set, findClaim, nowMs }: Scene, ordinal: number, pod: Pod, mustBeWell: boolean): Step {
  const claims = retainedClaims(set, pod, ordinal, true, findClaim)
  if (pod.metadata.deletionTimestamp !== undefined) return { changes: claims, isBlocked: true }
  const isWell = untilAvailableMs(pod, set.spec?.minReadySeconds ?? 0, nowMs) === 0 && isRunningAndReady(pod)
  if (mustBeWell && !isWell) return { changes: claims, isBlocked: true }
  return { changes: [...claims, deletePod(set, pod)], isBlocked: true }
}

/** The highest pod of an old revision goes, down to the partition, when all above it are available again. */
function replaceOne(scene: Scene, byOrdinal: ReadonlyMap<number, Pod>, wanted: readonly number[]): Change[] {
  const { set, update } = scene
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0
  for (const ordinal of wanted.slice(partition).toReversed()) {
    const pod = byOrdinal.get(ordinal)
    if (pod === undefined) return []
    const isOld = pod.metadata.labels?.[REVISION_LABEL] !== update.metadata.name
    if (isOld && pod.metadata.deletionTimestamp === undefined) return isTerminal(pod) ? [] : [deletePod(set, pod)]
    if (!isAvailable(scene, pod)) return []
  }
  return []
}

function isAvailable({ set, nowMs }: Scene, pod: Pod | undefined): boolean {
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || !isRunningAndReady(pod)) return false
  return untilAvailableMs(pod, set.spec?.minReadySeconds ?? 0, nowMs) === 0
}
