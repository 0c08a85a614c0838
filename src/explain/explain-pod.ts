import type { ContainerStatus, Pod } from '../api/generated/core-v1.ts'
import { findPreemption } from '../placement/preemption.ts'
import type { Diagnosis, Placement } from '../placement/decide.ts'
import { unschedulableMessage } from '../placement/unschedulable-message.ts'
import type { Explanation, Help, NodeVerdict, Reason } from './explanation.ts'
import { smallestFix } from './fixes.ts'
import { nodeVerdicts } from './node-verdicts.ts'
import { cycleOn, tryPlacing } from './trial.ts'
import type { Snapshot } from './trial.ts'

/** Why a pod has no node, does not run or is not ready, from objects alone. */
export function explainPod(snapshot: Snapshot, pod: Pod): Explanation {
  const facts = { kind: 'Pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name ?? '', pods: [] }
  const gates = pod.spec?.schedulingGates?.map(({ name }) => name) ?? []
  if ((pod.spec?.nodeName ?? '') !== '' || hasEnded(pod)) return { ...facts, ...ofItsContainers(pod), nodes: [] }
  if (gates.length > 0) {
    const message = `waiting for scheduling gates: [${gates.join(' ')}]`
    const reasons: readonly Reason[] = [{ source: 'SchedulingGates', message, waitingHelps: 'perhaps' }]
    const state = 'Pending: whoever put its scheduling gates there has to take them away'
    return { ...facts, state, isWell: false, reasons, nodes: [] }
  }
  return { ...facts, ...ofItsPlacement(snapshot, pod) }
}

const hasEnded = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed'

type Part = Pick<Explanation, 'state' | 'isWell' | 'reasons' | 'nodes' | 'fix'>

function ofItsPlacement(snapshot: Snapshot, pod: Pod): Part {
  const placement = tryPlacing(snapshot, pod)
  if (placement.placed) {
    const state = `Pending: it fits ${placement.feasible} nodes, ${placement.nodeName} the best; the scheduler has yet to say so`
    return { state, isWell: false, reasons: [], nodes: [] }
  }
  const { diagnosis } = placement
  const nodes = nodeVerdicts(snapshot, pod, diagnosis)
  const fix = smallestFix(snapshot, pod, diagnosis)
  const reasons = [...schedulingReasons(diagnosis, nodes), preemptionReason(snapshot, pod, placement)]
  const state = `Pending: ${unschedulableMessage(diagnosis, undefined)}`
  return { state, isWell: false, reasons, nodes, ...(fix && { fix }) }
}

/** One for each plugin and reason, with how many nodes say so. */
function schedulingReasons({ general, nodes: count }: Diagnosis, nodes: readonly NodeVerdict[]): readonly Reason[] {
  if (general !== undefined)
    return [{ source: general.plugin, message: general.reasons.join(', '), waitingHelps: 'perhaps' }]
  const found = new Map<string, { source: string; reason: string; nodes: number; helps: Help }>()
  for (const { plugin, reasons, waitingHelps } of nodes) {
    for (const reason of reasons) {
      const known = found.get(`${plugin} ${reason}`) ?? { source: plugin, reason, nodes: 0, helps: 'no' as Help }
      const helps = known.helps === 'no' ? waitingHelps : known.helps
      found.set(`${plugin} ${reason}`, { ...known, nodes: known.nodes + 1, helps })
    }
  }
  if (found.size === 0 && count === 0)
    return [{ source: 'Scheduler', message: 'the cluster has no nodes', waitingHelps: 'no' }]
  return [...found.values()].map(({ source, reason, nodes: many, helps }) => ({
    source,
    message: `${many} of ${count} nodes: ${reason}`,
    waitingHelps: helps,
  }))
}

function preemptionReason(snapshot: Snapshot, pod: Pod, placement: Placement & { placed: false }): Reason {
  const found = findPreemption(cycleOn(snapshot, pod), placement.filters, placement.diagnosis)
  const source = 'DefaultPreemption'
  if (!found.found) return { source, message: `preemption: ${found.message}`, waitingHelps: 'no' }
  const names = found.victims.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  const message = `it may take the place of ${names.join(', ')} on ${found.nodeName}, of lower priority`
  return { source, message, waitingHelps: 'yes' }
}

function ofItsContainers(pod: Pod): Pick<Explanation, 'state' | 'isWell' | 'reasons'> {
  const { status, spec, metadata } = pod
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const reasons = all.flatMap((container) => containerReasons(container))
  for (const { type, status: holds, reason = '', message = '' } of status?.conditions ?? []) {
    const isBad =
      holds === 'False' && (type === 'Ready' || type === 'Initialized')
        ? false
        : type === 'DisruptionTarget' && holds === 'True'
    if (isBad) reasons.push({ source: type, message: message || reason, waitingHelps: 'no' })
  }
  if (status?.reason !== undefined && status.reason !== '')
    reasons.push({ source: status.reason, message: status.message ?? status.reason, waitingHelps: 'no' })
  if (metadata.deletionTimestamp !== undefined) {
    const finalizers = metadata.finalizers?.join(', ')
    const message = finalizers ? `being deleted; waits for finalizers ${finalizers}` : 'being deleted'
    reasons.push({ source: 'Deletion', message, waitingHelps: 'yes' })
  }
  const isReady = status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true
  const isWell = status?.phase === 'Succeeded' || (isReady && metadata.deletionTimestamp === undefined)
  const where = spec?.nodeName ? ` on ${spec.nodeName}` : ''
  const state = `${status?.phase ?? 'Pending'}${where}${isReady ? ', ready' : ''}`
  return { state, isWell, reasons }
}

/** Reasons for waiting that pass by themselves. */
const PASSING = new Set(['ContainerCreating', 'PodInitializing'])

function containerReasons({ name, state, lastState, restartCount = 0, ready, started }: ContainerStatus): Reason[] {
  const source = `container ${name}`
  const reasons: Reason[] = []
  if (state?.waiting !== undefined) {
    const { reason = 'waiting', message } = state.waiting
    const text = message === undefined || message === '' ? reason : `${reason}: ${message}`
    reasons.push({ source, message: text, waitingHelps: PASSING.has(reason) ? 'yes' : 'perhaps' })
  }
  const ended = state?.terminated ?? lastState?.terminated
  if (ended !== undefined && (ended.exitCode !== 0 || state?.waiting !== undefined)) {
    const why = ended.reason === undefined ? '' : ` (${ended.reason})`
    const again = restartCount > 0 ? `, restarted ${restartCount} times` : ''
    const said = ended.message === undefined || ended.message === '' ? '' : `: ${ended.message}`
    reasons.push({ source, message: `ended with exit code ${ended.exitCode}${why}${again}${said}`, waitingHelps: 'no' })
  }
  if (state?.running !== undefined && !ready) {
    const message = started === false ? 'runs, its startup probe has yet to succeed' : 'runs, its readiness probe fails'
    reasons.push({ source, message, waitingHelps: 'perhaps' })
  }
  return reasons
}
