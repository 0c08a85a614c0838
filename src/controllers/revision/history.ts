import type { ControllerRevision, DaemonSet, StatefulSet } from '../../api/generated/apps-v1.ts'
import { controllerRevisions } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import type { Change } from '../../reconcile/change.ts'
import { claim } from '../claim.ts'
import { controllerReference } from '../controller-reference.ts'
import { canonical, safeHash } from '../safe-hash.ts'

/** The label of pods that names the revision that they were made of. */
export const REVISION_LABEL = 'controller-revision-hash'

/** What pods are made of, over time: the revisions of a set, and the one that its template is now. */
export interface History {
  /** The revision of the set's template; it may be about to be created by one of `changes`. */
  readonly update: ControllerRevision
  /** All revisions that there are, oldest first, `update` among them. */
  readonly revisions: readonly ControllerRevision[]
  /** How often the name of a revision was found to be taken. */
  readonly collisionCount: number
  readonly changes: readonly Change[]
}

/**
 * Finds or makes the revision of the set's template among `candidates`, all revisions of its namespace that it owns or
 * may adopt. A template that comes back gets its old revision, with the highest number. `isTaken` tells whether somebody
 * has a revision of that name; the next name is then tried, and counted. `hashLabel` is the revision's own label.
 */
export function historyOf(
  set: StatefulSet | DaemonSet,
  candidates: readonly ControllerRevision[],
  hashLabel: string,
  isTaken: (name: string) => boolean,
): History {
  const { owned, changes } = claim(set, controllerRevisions, candidates)
  const sorted = owned.toSorted(byRevision)
  const data = templatePatch(set)
  const known = sorted.findLast((revision) => canonical(revision.data) === canonical(data))
  const newest = sorted.at(-1)?.revision ?? 0
  const collisions = set.status?.collisionCount ?? 0
  if (known === undefined) {
    const { update, collisionCount } = create(set, newest + 1, hashLabel, collisions, isTaken)
    const creation: Change = { verb: 'create', type: controllerRevisions, object: update }
    return { update, revisions: [...sorted, update], collisionCount, changes: [...changes, creation] }
  }
  if (known.revision === newest) return { update: known, revisions: sorted, collisionCount: collisions, changes }
  const update = { ...known, revision: newest + 1 }
  const patch = { metadata: { uid: known.metadata.uid }, revision: update.revision }
  const raise: Change = {
    verb: 'patch',
    type: controllerRevisions,
    key: keyOf(known),
    patch: { type: 'merge', patch },
  }
  const revisions = [...sorted.filter((revision) => revision !== known), update]
  return { update, revisions, collisionCount: collisions, changes: [...changes, raise] }
}

/** Deletes the oldest of the revisions that no pod is made of, as far as the set does not want to keep them. */
export function forgetRevisions(
  set: StatefulSet | DaemonSet,
  revisions: readonly ControllerRevision[],
  isLive: (revision: ControllerRevision) => boolean,
): Change[] {
  const idle = revisions.filter((revision) => !isLive(revision))
  const surplus = Math.max(0, idle.length - (set.spec?.revisionHistoryLimit ?? 10))
  return idle.slice(0, surplus).map((revision) => ({
    verb: 'delete',
    type: controllerRevisions,
    key: keyOf(revision),
    uid: revision.metadata.uid!,
  }))
}

function create(
  set: StatefulSet | DaemonSet,
  revision: number,
  hashLabel: string,
  collisions: number,
  isTaken: (name: string) => boolean,
): { update: ControllerRevision; collisionCount: number } {
  const data = templatePatch(set)
  const nameFor = (count: number) => {
    const hash = safeHash(`${canonical(data)}${count === 0 ? '' : count}`)
    return { hash, name: `${set.metadata.name!.slice(0, 223)}-${hash}` }
  }
  let collisionCount = collisions
  while (isTaken(nameFor(collisionCount).name)) collisionCount += 1
  const { hash, name } = nameFor(collisionCount)
  const { annotations } = set.metadata
  const metadata = {
    name,
    namespace: set.metadata.namespace!,
    labels: { ...set.spec!.template.metadata?.labels, [hashLabel]: hash },
    ...(annotations === undefined ? {} : { annotations }),
    ownerReferences: [controllerReference(set)],
  }
  const update = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, data, revision }
  return { update, collisionCount }
}

/** What a revision keeps: a strategic patch that brings the template back, which is how kubectl undoes a rollout. */
function templatePatch(set: StatefulSet | DaemonSet) {
  return { spec: { template: { ...set.spec!.template, $patch: 'replace' } } }
}

function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  return a.revision - b.revision || (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '')
}
