import type { Node, Pod, Taint, Toleration } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import { formatTime } from '../../env/clock.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'

export interface Evictions {
  readonly changes: readonly Change[]
  /** Milliseconds until the next pod has to go; infinite where none has. */
  readonly nextMs: number
}

/** Deletes the pods that do not, or no longer, tolerate the NoExecute taints of their node. */
export function evictionsOf(node: Node, all: readonly Pod[], nowMs: number): Evictions {
  const taints = node.spec?.taints?.filter((taint) => taint.effect === 'NoExecute') ?? []
  if (taints.length === 0) return { changes: [], nextMs: Infinity }
  const candidates = all.filter((pod) => pod.metadata.deletionTimestamp === undefined)
  const remaining = candidates.map((pod) => ({ pod, ms: toleratedMs(pod, taints, nowMs) }))
  const due = remaining.filter(({ ms }) => ms <= 0)
  const nextMs = Math.min(Infinity, ...remaining.filter(({ ms }) => ms > 0).map(({ ms }) => ms))
  return { changes: due.flatMap(({ pod }) => evict(pod, nowMs)), nextMs }
}

/** For how long the pod tolerates all of the taints from now; the shortest of its tolerations counts, as in Kubernetes. */
function toleratedMs(pod: Pod, taints: readonly Taint[], nowMs: number): number {
  let remainingMs = Infinity
  for (const taint of taints) {
    const matching = (pod.spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint))
    if (matching.length === 0) return 0
    const sinceMs = taint.timeAdded === undefined ? nowMs : Date.parse(taint.timeAdded)
    for (const { tolerationSeconds } of matching) {
      if (tolerationSeconds === undefined) continue
      remainingMs = Math.min(remainingMs, sinceMs + Math.max(0, tolerationSeconds) * 1000 - nowMs)
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
  }
  const patch = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } }
  const key = keyOf(pod)
  return [
    event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key.namespace}/${key.name}`),
    { verb: 'patch', type: pods, key, subresource: 'status', patch: { type: 'strategic', patch } },
    { verb: 'delete', type: pods, key, uid: pod.metadata.uid! },
  ]
}
