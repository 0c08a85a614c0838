import type { ControllerRevision, StatefulSet } from '../../api/generated/apps-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { pods as podsType } from '../../api/generated/resources.ts'
import type { Change } from '../../reconcile/change.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { untilAvailableMs } from '../availability.ts'
import { claim } from '../claim.ts'
import { forgetRevisions, historyOf, REVISION_LABEL } from '../revision/history.ts'
import type { FindClaim } from './claims.ts'
import { ordinalOf } from './identity.ts'
import { nextStatus, writeStatus } from './status.ts'
import { nextSteps } from './steps.ts'

/** The label of a revision that holds the hash in its name. */
const HASH_LABEL = 'controller.kubernetes.io/hash'

/** A StatefulSet, all pods and revisions that it owns or may adopt, and the claims of its namespace. */
export interface StatefulSetView {
  readonly set: StatefulSet | undefined
  readonly candidates: readonly Pod[]
  readonly revisions: readonly ControllerRevision[]
  readonly isRevisionTaken: (name: string) => boolean
  readonly findClaim: FindClaim
}

/** The next steps towards a pod for each ordinal, made of the right revision; and the status. */
export function decideStatefulSet(view: StatefulSetView, nowMs: number): Decision {
  const { set } = view
  if (set === undefined) return SETTLED
  const isMember = (pod: Pod) => ordinalOf(set, pod) !== undefined
  const { owned, changes: claims } = claim(set, podsType, view.candidates, { isMember })
  const history = historyOf(set, view.revisions, HASH_LABEL, view.isRevisionTaken)
  const { update } = history
  const current = history.revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update
  const revisions = {
    current: current.metadata.name!,
    update: update.metadata.name!,
    collisionCount: history.collisionCount,
  }
  const isStaying = set.metadata.deletionTimestamp === undefined
  const steps = isStaying ? nextSteps({ set, pods: owned, current, update, findClaim: view.findClaim, nowMs }) : []
  const live = new Set([...owned.map(({ metadata }) => metadata.labels?.[REVISION_LABEL]), ...Object.values(revisions)])
  const status = writeStatus(set, nextStatus(set, owned, revisions, nowMs))
  const changes: Change[] = [
    ...claims,
    ...(isStaying ? history.changes : []),
    ...steps,
    ...status,
    ...forgetRevisions(set, history.revisions, ({ metadata }) => live.has(metadata.name)),
  ]
  const waits = owned.map((pod) => untilAvailableMs(pod, set.spec?.minReadySeconds ?? 0, nowMs))
  const soonestMs = Math.min(Infinity, ...waits.filter((ms) => ms > 0))
  return {
    changes,
    whenFailed: () => status,
    whenTaken: () => status,
    ...(soonestMs !== Infinity && { requeueAfterMs: soonestMs }),
  }
}
