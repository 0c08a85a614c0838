import type { Node, Pod } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import { setCondition } from '../../api/meta/pod-condition.ts'
import { keyOf } from '../../api/object.ts'
import { formatTime } from '../../env/clock.ts'
import type { Change } from '../../reconcile/change.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { isTerminal } from '../pod-phase.ts'

/** Ended pods that a cluster keeps, and how long a node may be missing before its pods go: Kubernetes' defaults. */
export const POD_GC_DEFAULTS = { terminatedThreshold: 12_500, quarantineMs: 40_000, periodMs: 20_000 } as const

export interface PodGcView {
  readonly pods: readonly Pod[]
  readonly nodes: ReadonlyMap<string, Node>
  /** Since when each missing node has been missed. */
  readonly missingSinceMs: ReadonlyMap<string, number>
  readonly terminatedThreshold: number
}

/**
 * What the pod garbage collector removes: the oldest ended pods beyond the threshold, pods whose node has been gone for
 * the quarantine, pods of nodes marked out of service, and pods that were deleted before they were ever bound.
 */
export function decidePodGc(view: PodGcView, nowMs: number): Decision {
  const changes = [
    ...surplusOf(view).map(remove),
    ...view.pods.filter((pod) => isOrphan(pod, view, nowMs)).flatMap((pod) => failAndRemove(pod, ORPHANED, nowMs)),
    ...view.pods.filter((pod) => isLeftByService(pod, view)).flatMap((pod) => failAndRemove(pod, undefined, nowMs)),
    ...view.pods.filter((pod) => isUnboundAndDeleted(pod)).flatMap((pod) => failAndRemove(pod, undefined, nowMs)),
  ]
  return { changes }
}

const ORPHANED = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'DeletionByPodGC',
  message: 'PodGC: node no longer exists',
} as const

function surplusOf(view: PodGcView): readonly Pod[] {
  const ended = view.pods.filter((pod) => isTerminal(pod) && pod.metadata.deletionTimestamp === undefined)
  const surplus = ended.length - view.terminatedThreshold
  if (surplus <= 0 || view.terminatedThreshold <= 0) return []
  const age = (pod: Pod) => pod.metadata.creationTimestamp ?? ''
  return ended.sort((a, b) => age(a).localeCompare(age(b))).slice(0, surplus)
}

function isOrphan(pod: Pod, view: PodGcView, nowMs: number): boolean {
  const nodeName = pod.spec?.nodeName
  if (nodeName === undefined || view.nodes.has(nodeName)) return false
  const sinceMs = view.missingSinceMs.get(nodeName)
  return sinceMs !== undefined && nowMs - sinceMs >= POD_GC_DEFAULTS.quarantineMs
}

function isLeftByService(pod: Pod, view: PodGcView): boolean {
  return pod.metadata.deletionTimestamp !== undefined && isOutOfService(view.nodes.get(pod.spec?.nodeName ?? ''))
}

/** Somebody has said that the node will not come back, and it is not ready. */
export function isOutOfService(node: Node | undefined): boolean {
  if (node?.spec?.taints?.some((taint) => taint.key === 'node.kubernetes.io/out-of-service') !== true) return false
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') !== true
}

function isUnboundAndDeleted(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && (pod.spec?.nodeName ?? '') === ''
}

/** A pod that did not end is marked Failed first, so that those who count it see how it went. */
function failAndRemove(pod: Pod, condition: typeof ORPHANED | undefined, nowMs: number): Change[] {
  if (isTerminal(pod)) return [remove(pod)]
  const time = formatTime(nowMs)
  const { generation } = pod.metadata
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  const told = { lastTransitionTime: time, ...observed }
  const conditions = condition === undefined ? {} : setCondition(pod, { ...condition, ...told })
  const patch = { status: { phase: 'Failed', ...observed, ...conditions } }
  const marked: Change = {
    verb: 'patch',
    type: pods,
    key: keyOf(pod),
    subresource: 'status',
    patch: { type: 'strategic', patch: { metadata: { uid: pod.metadata.uid }, ...patch } },
  }
  return [marked, remove(pod)]
}

function remove(pod: Pod): Change {
  return { verb: 'delete', type: pods, key: keyOf(pod), uid: pod.metadata.uid!, options: { gracePeriodSeconds: 0 } }
}
