import type { Node, NodeCondition, Pod, Taint } from '../../api/generated/core-v1.ts'
import { nodes, pods } from '../../api/generated/resources.ts'
import { setCondition } from '../../api/meta/pod-condition.ts'
import { keyOf } from '../../api/object.ts'
import { formatTime } from '../../env/clock.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { isReady } from '../pod-phase.ts'
import { isSameTaint, taintsFor } from './taints.ts'

export interface NodeView {
  readonly node: Node | undefined
  /** The pods bound to it. */
  readonly pods: readonly Pod[]
  /** Milliseconds since its lease or status was last seen to change. */
  readonly silentMs: number
  readonly graceMs: number
}

/**
 * What becomes of a node: silent for longer than the grace its conditions become Unknown; its conditions become taints; its
 * pods are marked not ready at once.
 */
export function decideNode(view: NodeView, nowMs: number): Decision {
  const { node } = view
  if (node === undefined || node.metadata.deletionTimestamp !== undefined) return SETTLED
  const isSilent = view.silentMs >= view.graceMs
  const lost = isSilent ? loseContact(node, nowMs) : undefined
  const current = lost ?? node
  const taints = taintsFor(current, nowMs)
  const changes = [
    ...(lost === undefined ? [] : writeLost(node, lost)),
    ...(isSameTaint(node.spec?.taints ?? [], taints) ? [] : [writeTaints(node, taints)]),
    ...markPods(current, view.pods, nowMs),
  ]
  return isSilent ? { changes } : { changes, requeueAfterMs: view.graceMs - view.silentMs }
}

const CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

/** The node with the conditions that Kubernetes gives one that stopped reporting; undefined where it has them already. */
function loseContact(node: Node, nowMs: number): Node | undefined {
  const known = node.status?.conditions ?? []
  const isLost = CONDITIONS.every((type) => known.some((one) => one.type === type && one.status === 'Unknown'))
  if (isLost) return undefined
  const isOurs = ({ type }: NodeCondition) => (CONDITIONS as readonly string[]).includes(type)
  const lost = known.map((one) => (isOurs(one) ? lostCondition(node, one, one.type, nowMs) : one))
  const missing = CONDITIONS.filter((type) => !known.some((one) => one.type === type))
  const never = missing.map((type) => lostCondition(node, undefined, type, nowMs))
  return { ...node, status: { ...node.status, conditions: [...lost, ...never] } }
}

function lostCondition(node: Node, known: NodeCondition | undefined, type: string, nowMs: number): NodeCondition {
  const time = formatTime(nowMs)
  if (known?.status === 'Unknown') return known
  if (known !== undefined) {
    const reason = 'NodeStatusUnknown'
    return {
      ...known,
      status: 'Unknown',
      reason,
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: time,
    }
  }
  const never = { reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' }
  const created = node.metadata.creationTimestamp ?? time
  return { type, status: 'Unknown', ...never, lastHeartbeatTime: created, lastTransitionTime: time }
}

function writeLost(node: Node, lost: Node): Change[] {
  const message = `Node ${node.metadata.name} status is now: NodeNotReady`
  return [
    { verb: 'update', type: nodes, object: lost, subresource: 'status' },
    event(node, 'Normal', 'NodeNotReady', message),
  ]
}

function writeTaints(node: Node, taints: readonly Taint[]): Change {
  const patch = { metadata: { uid: node.metadata.uid }, spec: { taints: taints.length === 0 ? null : taints } }
  return { verb: 'patch', type: nodes, key: keyOf(node), patch: { type: 'merge', patch } }
}

/** Pods of a node that is not ready are not ready, so that no service sends them anything. */
function markPods(node: Node, all: readonly Pod[], nowMs: number): Change[] {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
  // A node that says itself that it is not ready keeps its pods' status; only one that is silent cannot.
  if (ready === undefined || ready.status !== 'Unknown') return []
  return all.filter(isReady).flatMap((pod) => {
    const condition = { type: 'Ready', status: 'False', lastTransitionTime: formatTime(nowMs) }
    const patch = { metadata: { uid: pod.metadata.uid }, status: setCondition(pod, condition) }
    const marked: Change = {
      verb: 'patch',
      type: pods,
      key: keyOf(pod),
      subresource: 'status',
      patch: { type: 'strategic', patch },
    }
    return [event(pod, 'Warning', 'NodeNotReady', 'Node is not ready'), marked]
  })
}
