import type { Deployment, ReplicaSet } from '../api/generated/apps-v1.ts'
import type { Job } from '../api/generated/batch-v1.ts'
import type { Pod } from '../api/generated/core-v1.ts'
import type { KubeObject } from '../api/object.ts'
import { explainPod } from './explain-pod.ts'
import type { Explanation, PodGroup, Reason } from './explanation.ts'
import type { Snapshot } from './trial.ts'

/** How many pods of a Job or Deployment are looked into. */
const MOST_PODS = 200

/** Why a Job is not complete: its conditions, and what holds its pods back. */
export function explainJob(snapshot: Snapshot, job: Job, pods: readonly Pod[]): Explanation {
  const { succeeded = 0, failed = 0, active = 0 } = job.status ?? {}
  const completions = job.spec?.completions ?? 1
  const reasons: Reason[] = conditionReasons(
    job.status?.conditions,
    new Set(['Failed', 'FailureTarget', 'Suspended']),
    'True',
  )
  if (job.spec?.suspend === true && reasons.length === 0)
    reasons.push({ source: 'Suspended', message: 'it is suspended (spec.suspend)', waitingHelps: 'no' })
  const isWell = job.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') === true
  const state = `${succeeded} of ${completions} complete, ${active} active, ${failed} failed`
  return workload(snapshot, 'Job', job, { state, isWell, reasons }, ownedBy(job, pods))
}

/** Why a Deployment does not have what it wants: its conditions, its ReplicaSets', and what holds its pods back. */
export function explainDeployment(
  snapshot: Snapshot,
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
  pods: readonly Pod[],
): Explanation {
  const own = replicaSets.filter((set) => isOwnedBy(set, deployment))
  const { readyReplicas = 0, updatedReplicas = 0, conditions } = deployment.status ?? {}
  const wanted = deployment.spec?.replicas ?? 1
  const reasons = [
    ...conditionReasons(conditions, new Set(['Progressing', 'Available']), 'False'),
    ...conditionReasons(conditions, new Set(['ReplicaFailure']), 'True'),
    ...own.flatMap((set) => conditionReasons(set.status?.conditions, new Set(['ReplicaFailure']), 'True')),
  ]
  if (deployment.spec?.paused === true)
    reasons.push({ source: 'Paused', message: 'its rollout is paused (spec.paused)', waitingHelps: 'no' })
  const isWell = readyReplicas >= wanted && updatedReplicas >= wanted && reasons.length === 0
  const state = `${readyReplicas} of ${wanted} ready, ${updatedReplicas} up to date`
  const owned = own.flatMap((set) => ownedBy(set, pods))
  return workload(snapshot, 'Deployment', deployment, { state, isWell, reasons: unique(reasons) }, owned)
}

function workload(
  snapshot: Snapshot,
  kind: string,
  { metadata }: KubeObject,
  facts: Pick<Explanation, 'state' | 'isWell' | 'reasons'>,
  pods: readonly Pod[],
): Explanation {
  const { namespace = '', name = '' } = metadata
  return { kind, namespace, name, ...facts, nodes: [], pods: grouped(snapshot, pods) }
}

/** Those that something holds back, alike ones together. */
function grouped(snapshot: Snapshot, pods: readonly Pod[]): readonly PodGroup[] {
  const groups = new Map<string, { count: number; example: string; explanation: Explanation }>()
  for (const pod of pods.slice(0, MOST_PODS)) {
    const explanation = explainPod(snapshot, pod)
    if (explanation.isWell) continue
    const key = JSON.stringify([explanation.state, explanation.reasons])
    const known = groups.get(key)
    if (known !== undefined) known.count += 1
    else groups.set(key, { count: 1, example: explanation.name, explanation })
  }
  return [...groups.values()]
}

/** Conditions that nothing but a change by somebody ends. */
const FINAL = new Set(['Failed', 'FailureTarget', 'Suspended'])

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

function conditionReasons(
  conditions: readonly Condition[] | undefined,
  types: ReadonlySet<string>,
  bad: string,
): Reason[] {
  return (conditions ?? [])
    .filter(({ type, status }) => types.has(type) && status === bad)
    .map(({ type, reason = '', message = '' }) => ({
      source: type,
      message: message || reason,
      waitingHelps: FINAL.has(type) ? 'no' : 'perhaps',
    }))
}

const unique = (reasons: readonly Reason[]) => [...new Map(reasons.map((reason) => [reason.message, reason])).values()]

function isOwnedBy({ metadata }: KubeObject, owner: KubeObject): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true
}

const ownedBy = (owner: KubeObject, pods: readonly Pod[]) => pods.filter((pod) => isOwnedBy(pod, owner))
