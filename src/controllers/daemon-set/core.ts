import type { ControllerRevision, DaemonSet } from '../../api/generated/apps-v1.ts'
import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { pods as podsType } from '../../api/generated/resources.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { untilAvailableMs } from '../availability.ts'
import { claim } from '../claim.ts'
import { createPod, deletePod } from '../pod-changes.ts'
import { forgetRevisions, historyOf, REVISION_LABEL } from '../revision/history.ts'
import { podFor } from './daemon-pod.ts'
import { manage } from './manage.ts'
import type { HoldBack } from './manage.ts'
import { rollOut } from './rollout.ts'
import { sceneOf } from './scene.ts'
import type { Scene } from './scene.ts'
import { nextStatus, writeStatus } from './status.ts'

/** Most pods that one decision creates, and most that it deletes, as in Kubernetes. */
const MOST_PODS_AT_ONCE = 250

/** A DaemonSet, all nodes, and all pods and revisions that it owns or may adopt. */
export interface DaemonSetView {
  readonly set: DaemonSet | undefined
  readonly nodes: readonly Node[]
  readonly candidates: readonly Pod[]
  readonly revisions: readonly ControllerRevision[]
  readonly isRevisionTaken: (name: string) => boolean
  readonly holdBack: HoldBack
}

/** Keeps one pod on each node that is to have one, made of the template that there is now; and the status. */
export function decideDaemonSet(view: DaemonSetView, nowMs: number): Decision {
  const { set } = view
  if (set === undefined || set.metadata.deletionTimestamp !== undefined) return SETTLED
  if (selectsAll(set)) {
    const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
    return { changes: [event(set, 'Warning', 'SelectingAll', message)] }
  }
  const { owned, changes: claims } = claim(set, podsType, view.candidates)
  const history = historyOf(set, view.revisions, REVISION_LABEL, view.isRevisionTaken)
  const hashOf = ({ metadata }: ControllerRevision) => metadata.labels?.[REVISION_LABEL]
  const scene = sceneOf(set, hashOf(history.update) ?? '', view.nodes, owned, nowMs)
  const plan = manage(scene, view.holdBack)
  const isManaged = plan.create.length + plan.remove.length === 0
  const rolls = set.spec?.updateStrategy?.type === 'RollingUpdate' && isManaged
  const { create, remove } = rolls ? rollOut(scene) : plan
  const live = new Set([...owned.map(({ metadata }) => metadata.labels?.[REVISION_LABEL]), scene.hash])
  const status = writeStatus(set, nextStatus(scene, history.collisionCount))
  const changes: Change[] = [
    ...claims,
    ...history.changes,
    ...plan.events,
    ...podChanges(scene, create, remove),
    ...status,
    ...forgetRevisions(set, history.revisions, (revision) => live.has(hashOf(revision))),
  ]
  const waits = owned.map((pod) => untilAvailableMs(pod, set.spec?.minReadySeconds ?? 0, nowMs))
  const soonestMs = Math.min(plan.waitMs, ...waits.filter((ms) => ms > 0))
  return { changes, whenFailed: () => status, ...(soonestMs !== Infinity && { requeueAfterMs: soonestMs }) }
}

function selectsAll({ spec }: DaemonSet): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {}
  return Object.keys(matchLabels).length + matchExpressions.length === 0
}

function podChanges(scene: Scene, create: readonly string[], remove: readonly Pod[]): Change[] {
  const { set, hash } = scene
  const created = create.slice(0, MOST_PODS_AT_ONCE).map((nodeName) => createPod(set, podFor(set, hash, nodeName)))
  const deleted = remove.slice(0, MOST_PODS_AT_ONCE).map((pod) => deletePod(set, pod))
  return [
    ...(created.length === 0 ? [] : [{ verb: 'together', slowStart: true, changes: created } as const]),
    ...(deleted.length === 0 ? [] : [{ verb: 'together', changes: deleted } as const]),
  ]
}
