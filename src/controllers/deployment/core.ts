import type { Deployment, DeploymentStatus, ReplicaSet } from '../../api/generated/apps-v1.ts'
import { deployments, replicaSets } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { controllerReference } from '../controller-reference.ts'
import { DESIRED, isResized, MAX, resizeTargets } from './proportional.ts'
import { byAge, limitsOf, replicasOf, rollingTargets } from './rollout.ts'
import type { Target } from './rollout.ts'
import { isComplete, nextStatus, untilTimeoutMs, withoutSet } from './status.ts'
import { isSameTemplate, POD_TEMPLATE_HASH, templateHash } from './template-hash.ts'

const REVISION = 'deployment.kubernetes.io/revision'
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history'
/** As long as Kubernetes lets the list of a set's earlier revisions become, in characters. */
const LONGEST_HISTORY = 2000

/** A Deployment and the ReplicaSets that it owns. */
export interface DeploymentView {
  readonly deployment: Deployment | undefined
  readonly replicaSets: readonly ReplicaSet[]
  /** Whether pods of old sets still exist: Recreate waits for them. */
  readonly hasOldPods: boolean
  /** Whether a ReplicaSet of that name exists, whoever's it is. */
  readonly isTaken: (name: string) => boolean
}

/** The next step of a rollout: a set for the current template, its growth, the shrinking of the others, and the status. */
export function decideDeployment(view: DeploymentView, nowMs: number): Decision {
  const { deployment } = view
  if (deployment === undefined) return SETTLED
  const sorted = view.replicaSets.toSorted(byAge)
  const newSet = sorted.find((set) => isSameTemplate(set.spec?.template, deployment.spec?.template))
  const oldSets = sorted.filter((set) => set !== newSet)
  if (deployment.metadata.deletionTimestamp !== undefined) {
    return { changes: writeStatus(deployment, nextStatus(deployment, newSet, oldSets, 'resized', nowMs)) }
  }
  const isPaused = deployment.spec?.paused === true
  const isResizedOnly = isPaused || isResized(deployment, sorted)
  if (newSet === undefined && !isResizedOnly) return begin(view, oldSets, nowMs)
  const targets = isResizedOnly ? resizeTargets(deployment, newSet, oldSets) : nextTargets(view, newSet!, oldSets)
  const status = nextStatus(deployment, newSet, oldSets, isResizedOnly ? 'resized' : 'rolled', nowMs)
  const changes: Change[] = [
    ...scaleChanges(deployment, targets),
    ...(newSet === undefined ? [] : annotateNewest(deployment, newSet, oldSets, targets)),
    ...writeStatus(deployment, status),
    ...(isComplete(deployment, status) && !isPaused ? forgetOld(deployment, oldSets) : []),
  ]
  const waitMs = isPaused ? Infinity : untilTimeoutMs({ ...deployment, status }, nowMs)
  return waitMs === Infinity || waitMs <= 0 ? { changes } : { changes, requeueAfterMs: waitMs }
}

function annotateNewest(
  deployment: Deployment,
  newSet: ReplicaSet,
  oldSets: readonly ReplicaSet[],
  targets: readonly Target[],
): Change[] {
  const next = revisionAfter(oldSets)
  const revision = newSet.metadata.annotations?.[REVISION] ?? next
  return annotate(deployment, newSet, revisionNumber(revision) >= revisionNumber(next) ? revision : next, targets)
}

/** Makes the set for the current template; with Recreate, only when the old pods are gone. */
function begin(view: DeploymentView, oldSets: readonly ReplicaSet[], nowMs: number): Decision {
  const deployment = view.deployment!
  if (deployment.spec?.strategy?.type === 'Recreate') {
    const targets = oldSets.filter((set) => replicasOf(set) > 0).map((replicaSet) => ({ replicaSet, replicas: 0 }))
    if (targets.length > 0) return { changes: scaleChanges(deployment, targets) }
    if (view.hasOldPods) return SETTLED
  }
  const { surge } = limitsOf(deployment)
  const total = oldSets.reduce((sum, set) => sum + replicasOf(set), 0)
  const replicas = Math.max(0, Math.min(replicasOf(deployment), replicasOf(deployment) + surge - total))
  const revision = revisionAfter(oldSets)
  const object = replicaSetFor(deployment, replicas, revision)
  if (view.isTaken(object.metadata.name!)) return { changes: countCollision(deployment) }
  const status = nextStatus(deployment, object, oldSets, 'began', nowMs)
  const wordsOf = ({ message }: Error) => `Failed to create new replica set "${object.metadata.name}": ${message}`
  const create: Change = {
    verb: 'create',
    type: replicaSets,
    object,
    failed: (error) => event(deployment, 'Warning', 'ReplicaSetCreateError', wordsOf(error)).note,
  }
  const scaled = replicas === 0 ? [] : [sayScaled(deployment, object, 0, replicas)]
  return {
    changes: [create, ...scaled, ...annotateRevision(deployment, revision), ...writeStatus(deployment, status)],
    whenFailed: (error) => writeStatus(deployment, withoutSet(deployment, wordsOf(error), nowMs)),
  }
}

/** Another template's set has the name: the next hash counts how often that happened. */
function countCollision(deployment: Deployment): Change[] {
  const { uid, resourceVersion } = deployment.metadata
  const collisionCount = (deployment.status?.collisionCount ?? 0) + 1
  const patch = { metadata: { uid, resourceVersion }, status: { collisionCount } }
  const key = keyOf(deployment)
  return [{ verb: 'patch', type: deployments, key, subresource: 'status', patch: { type: 'merge', patch } }]
}

function nextTargets(view: DeploymentView, newSet: ReplicaSet, oldSets: readonly ReplicaSet[]): Target[] {
  const deployment = view.deployment!
  if (deployment.spec?.strategy?.type !== 'Recreate') return rollingTargets(deployment, newSet, oldSets)
  const old = oldSets.filter((set) => replicasOf(set) > 0).map((replicaSet) => ({ replicaSet, replicas: 0 }))
  if (old.length > 0 || view.hasOldPods) return old
  const wanted = replicasOf(deployment)
  return replicasOf(newSet) === wanted ? [] : [{ replicaSet: newSet, replicas: wanted }]
}

function replicaSetFor(deployment: Deployment, replicas: number, revision: string): ReplicaSet {
  const hash = { [POD_TEMPLATE_HASH]: templateHash(deployment) }
  const template = deployment.spec!.template
  const labels = { ...template.metadata?.labels, ...hash }
  const selector = deployment.spec!.selector
  const { minReadySeconds } = deployment.spec!
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash[POD_TEMPLATE_HASH]}`,
      namespace: deployment.metadata.namespace!,
      labels,
      annotations: { ...inherited(deployment), ...sizeAnnotations(deployment), [REVISION]: revision },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, ...hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

/** A Deployment's annotations go to its sets, but for those that are about one object only. */
function inherited(deployment: Deployment): Record<string, string> {
  const skipped = ['kubectl.kubernetes.io/last-applied-configuration', REVISION, REVISION_HISTORY, DESIRED, MAX]
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !skipped.includes(name))
  return Object.fromEntries(own)
}

function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const wanted = replicasOf(deployment)
  return { [DESIRED]: String(wanted), [MAX]: String(wanted + limitsOf(deployment).surge) }
}

function scaleChanges(deployment: Deployment, targets: readonly Target[]): Change[] {
  return targets.flatMap(({ replicaSet, replicas }): Change[] => {
    const annotations = { ...replicaSet.metadata.annotations, ...sizeAnnotations(deployment) }
    const metadata = { ...replicaSet.metadata, annotations }
    const object: ReplicaSet = { ...replicaSet, metadata, spec: { ...replicaSet.spec!, replicas } }
    const update: Change = { verb: 'update', type: replicaSets, object }
    const before = replicasOf(replicaSet)
    if (before === replicas) return isAnnotated(deployment, replicaSet) ? [] : [update]
    return [update, sayScaled(deployment, replicaSet, before, replicas)]
  })
}

function isAnnotated(deployment: Deployment, set: ReplicaSet): boolean {
  return Object.entries(sizeAnnotations(deployment)).every(
    ([name, value]) => set.metadata.annotations?.[name] === value,
  )
}

function sayScaled(deployment: Deployment, set: ReplicaSet, from: number, to: number): Change {
  const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${to}`
  return event(deployment, 'Normal', 'ScalingReplicaSet', message)
}

/** The new set and the Deployment carry the same revision, which rises when an old template comes back. */
function annotate(deployment: Deployment, newSet: ReplicaSet, revision: string, targets: readonly Target[]): Change[] {
  const changes = annotateRevision(deployment, revision)
  const wanted = {
    ...inherited(deployment),
    ...sizeAnnotations(deployment),
    [REVISION]: revision,
    ...historyAfter(newSet, revision),
  }
  const isRight = Object.entries(wanted).every(([name, value]) => newSet.metadata.annotations?.[name] === value)
  if (isRight || targets.some(({ replicaSet }) => replicaSet === newSet)) return changes
  const patch = { metadata: { uid: newSet.metadata.uid, annotations: wanted } }
  return [{ verb: 'patch', type: replicaSets, key: keyOf(newSet), patch: { type: 'merge', patch } }, ...changes]
}

/** A set that comes back remembers which revisions it was, the newest last, as far as there is room. */
function historyAfter({ metadata }: ReplicaSet, revision: string): Record<string, string> {
  const { [REVISION]: last, [REVISION_HISTORY]: history } = metadata.annotations ?? {}
  if (last === undefined || revisionNumber(last) >= revisionNumber(revision)) return {}
  const all = [...(history ? history.split(',') : []), last]
  while (all.length > 1 && all.join(',').length > LONGEST_HISTORY) all.shift()
  return { [REVISION_HISTORY]: all.join(',') }
}

function annotateRevision(deployment: Deployment, revision: string): Change[] {
  if (deployment.metadata.annotations?.[REVISION] === revision) return []
  const patch = { metadata: { uid: deployment.metadata.uid, annotations: { [REVISION]: revision } } }
  return [{ verb: 'patch', type: deployments, key: keyOf(deployment), patch: { type: 'merge', patch } }]
}

/** Revisions are Go's int64; what is none counts as none. */
function revisionNumber(text: string | undefined): bigint {
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : 0n
}

function revisionAfter(sets: readonly ReplicaSet[]): string {
  const numbers = sets.map((set) => revisionNumber(set.metadata.annotations?.[REVISION]))
  return String(1n + numbers.reduce((most, one) => (one > most ? one : most), 0n))
}

/** Keeps as many empty old sets as the history wants, the youngest ones. */
function forgetOld(deployment: Deployment, oldSets: readonly ReplicaSet[]): Change[] {
  const surplus = oldSets.length - (deployment.spec?.revisionHistoryLimit ?? 10)
  const isEmpty = (set: ReplicaSet) => replicasOf(set) === 0 && set.status?.replicas === 0
  const doomed = surplus <= 0 ? [] : oldSets.slice(0, surplus).filter(isEmpty)
  return doomed.map((set) => ({ verb: 'delete', type: replicaSets, key: keyOf(set), uid: set.metadata.uid! }))
}

function writeStatus(deployment: Deployment, next: DeploymentStatus): Change[] {
  if (deployment.status !== undefined && isSame(deployment.status, next)) return []
  // A patch: the revision's annotation may just have moved the Deployment on to another version.
  const { uid } = deployment.metadata
  const cleared = Object.fromEntries(Object.keys(deployment.status ?? {}).map((name) => [name, null]))
  const patch = { metadata: { uid }, status: { ...cleared, ...next } }
  const key = keyOf(deployment)
  return [{ verb: 'patch', type: deployments, key, subresource: 'status', patch: { type: 'merge', patch } }]
}

function isSame(a: DeploymentStatus, b: DeploymentStatus): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)] as (keyof DeploymentStatus)[])
  return [...names].every((name) => {
    return name === 'conditions' ? isSameSet(a.conditions ?? [], b.conditions ?? []) : (a[name] ?? 0) === (b[name] ?? 0)
  })
}

function isSameSet(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one))
}
