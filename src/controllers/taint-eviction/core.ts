import type { Node, Pod, Taint, Toleration } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import { setCondition } from '../../api/meta/pod-condition.ts'
import { keyOf } from '../../api/object.ts'
import { formatTime } from '../../env/clock.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'

/** What a node's taints mean for its pods. */
export interface Evictions {
  readonly changes: readonly Change[]
  /** Pods that have to go later, by uid: unless their node gets well, or they go by themselves. */
  readonly later: ReadonlyMap<string, Appointment>
  /** Milliseconds until the next of them has to go; infinite where none has. */
  readonly nextMs: number
}

/**
 * A pod that has to go so long after it was first known: a taint that people set does not say when. Further taints change nothing
 * of it as long as the pod tolerates them for some time, as in Kubernetes.
 */
export interface Appointment {
  readonly pod: Pod
  readonly sinceMs: number
  readonly spanMs: number
}

/** Of pods without a NoExecute taint on their node. */
export const NONE: Evictions = { changes: [], later: new Map(), nextMs: Infinity }

/**
 * Deletes the pods that do not, or no longer, tolerate the NoExecute taints of their node, and takes back what was said to those
 * of `before` that may stay. Pods that are being deleted already are left to their node.
 */
export function evictionsOf(
  node: Node | undefined,
  all: readonly Pod[],
  before: Evictions['later'],
  nowMs: number,
): Evictions {
  const taints = node?.spec?.taints?.filter((taint) => taint.effect === 'NoExecute') ?? []
  if (taints.length === 0 && before.size === 0) return NONE
  const candidates = all.filter((pod) => pod.metadata.deletionTimestamp === undefined)
  const remaining = candidates.map((pod) => {
    const known = before.get(pod.metadata.uid!)
    // Where the clock was set back, from now on: nobody waits for it to catch up.
    const sinceMs = Math.min(known?.sinceMs ?? nowMs, nowMs)
    const tolerated = toleratedMs(pod, taints, nowMs)
    const spanMs = known !== undefined && Number.isFinite(tolerated) ? known.spanMs : tolerated
    return { pod, sinceMs, spanMs, ms: sinceMs + spanMs - nowMs }
  })
  const due = remaining.filter(({ ms }) => ms <= 0)
  // Who is not waited for any longer is told so first, as in Kubernetes.
  const early = due.filter(({ pod, ms }) => ms === -Infinity && before.has(pod.metadata.uid!))
  const waiting = remaining.filter(({ ms }) => ms > 0 && ms < Infinity)
  const later = new Map(waiting.map(({ ms: _, ...appointment }) => [appointment.pod.metadata.uid!, appointment]))
  const concerned = new Set([...due, ...waiting].map(({ pod }) => pod.metadata.uid!))
  // Whoever is being deleted by somebody else keeps its appointment until it is gone, as in Kubernetes.
  for (const { metadata } of all) if (metadata.deletionTimestamp !== undefined) concerned.add(metadata.uid!)
  const spared = [...before].filter(([uid]) => !concerned.has(uid)).map(([, { pod }]) => pod)
  const cancelled = [...spared, ...early.map(({ pod }) => pod)].map((pod) => said(pod, 'Cancelling deletion of'))
  const nextMs = Math.min(Infinity, ...waiting.map(({ ms }) => ms))
  return { changes: [...cancelled, ...due.flatMap(({ pod }) => evict(pod, nowMs))], later, nextMs }
}

/** As Kubernetes says it: of whatever pod has this name. */
function said({ apiVersion, kind, metadata: { namespace = '', name = '' } }: Pod, what: string): Change {
  const about = { apiVersion, kind, metadata: { namespace, name } }
  return event(about, 'Normal', 'TaintManagerEviction', `${what} Pod ${namespace}/${name}`)
}

/**
 * For how long the pod tolerates all of the taints from now; the shortest of its tolerations counts, as in Kubernetes. Minus
 * infinity where it does not tolerate one of them at all.
 */
function toleratedMs(pod: Pod, taints: readonly Taint[], nowMs: number): number {
  let remainingMs = Infinity
  for (const taint of taints) {
    const matching = (pod.spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint))
    if (matching.length === 0) return -Infinity
    const sinceMs = Math.min(taint.timeAdded === undefined ? Infinity : Date.parse(taint.timeAdded), nowMs)
    for (const { tolerationSeconds } of matching) {
      if (tolerationSeconds === undefined) continue
      remainingMs = Math.min(remainingMs, sinceMs + Math.max(0, Number(tolerationSeconds)) * 1000 - nowMs)
    }
  }
  return remainingMs
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== '' && toleration.effect !== taint.effect) return false
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false
  if (toleration.operator === 'Exists') return true
  return (toleration.value ?? '') === (taint.value ?? '')
}

function evict(pod: Pod, nowMs: number): Change[] {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: formatTime(nowMs),
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
  }
  const patch = { metadata: { uid: pod.metadata.uid }, status: setCondition(pod, condition) }
  const key = keyOf(pod)
  return [
    said(pod, 'Marking for deletion'),
    { verb: 'patch', type: pods, key, subresource: 'status', patch: { type: 'strategic', patch } },
    { verb: 'delete', type: pods, key, uid: pod.metadata.uid! },
  ]
}
