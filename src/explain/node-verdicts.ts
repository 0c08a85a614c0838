import type { Node, Pod } from '../api/generated/core-v1.ts'
import type { Diagnosis } from '../placement/decide.ts'
import type { Rejection } from '../placement/framework.ts'
import { podRequests } from '../placement/pod-requests.ts'
import { untolerated } from '../placement/taints.ts'
import type { Help, NodeVerdict, ShortResource } from './explanation.ts'
import type { Snapshot } from './trial.ts'

/** Taints that Kubernetes itself puts on nodes that are unwell, and takes off again. */
const PASSING = /^node\.(cloudprovider\.)?kubernetes\.io\/(?!unschedulable)/

/** What each node says of the pod, with the numbers where a resource is short. */
export function nodeVerdicts(snapshot: Snapshot, pod: Pod, diagnosis: Diagnosis): readonly NodeVerdict[] {
  const { table } = snapshot.view
  const verdicts = diagnosis.slots.flatMap((slot, i) => {
    const rejection = diagnosis.rejections[i]
    const node = table.node(slot)
    return rejection === undefined || node === undefined ? [] : [verdict(snapshot, pod, node, slot, rejection)]
  })
  const { others } = diagnosis
  if (others === undefined) return verdicts
  const seen = new Set(diagnosis.slots)
  for (let slot = 0; slot < table.size; slot++) {
    const node = table.node(slot)
    if (node !== undefined && !seen.has(slot)) verdicts.push(verdict(snapshot, pod, node, slot, others))
  }
  return verdicts
}

function verdict(snapshot: Snapshot, pod: Pod, node: Node, slot: number, rejection: Rejection): NodeVerdict {
  const { plugin, preemptionMayHelp } = rejection
  const amounts = plugin === 'NodeResourcesFit' ? shortResources(snapshot, pod, slot) : []
  return {
    node: node.metadata.name ?? '',
    plugin,
    reasons: plugin === 'TaintToleration' ? namedTaint(pod, node, rejection.reasons) : rejection.reasons,
    amounts,
    waitingHelps: waitingHelps(pod, node, plugin, amounts),
    preemptionMayHelp,
  }
}

/** Kubernetes' reason names no taint; people want to know which. */
function namedTaint(pod: Pod, node: Node, reasons: readonly string[]): readonly string[] {
  const taint = untoleratedTaint(pod, node)
  if (taint === undefined) return reasons
  const text = `${taint.key}${taint.value === undefined || taint.value === '' ? '' : `=${taint.value}`}:${taint.effect}`
  return reasons.map((reason) => `${reason}: ${text}`)
}

export function untoleratedTaint(pod: Pod, node: Node) {
  return untolerated(node.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute'])
}

/** The resources of which the node at `slot` has less left than the pod asks for. */
export function shortResources({ view }: Snapshot, pod: Pod, slot: number): readonly ShortResource[] {
  const asked = Object.entries({ pods: 1, ...podRequests(pod).exact })
  return asked.flatMap(([resource, amount]) => {
    const column = view.table.column(resource)
    const allocatable = column?.allocatable[slot] ?? 0
    const free = allocatable - (column?.requested[slot] ?? 0)
    return amount > 0 && amount > free ? [{ resource, asked: amount, free, allocatable }] : []
  })
}

function waitingHelps(pod: Pod, node: Node, plugin: string, amounts: readonly ShortResource[]): Help {
  switch (plugin) {
    case 'NodeResourcesFit':
      return amounts.every(({ asked, allocatable }) => asked <= allocatable) ? 'perhaps' : 'no'
    case 'TaintToleration':
      return PASSING.test(untoleratedTaint(pod, node)?.key ?? '') ? 'perhaps' : 'no'
    case 'NodePorts':
    case 'PodTopologySpread':
    case 'InterPodAffinity':
    case 'VolumeRestrictions':
    case 'NodeVolumeLimits':
    case 'VolumeBinding':
      return 'perhaps'
    default:
      return 'no'
  }
}
