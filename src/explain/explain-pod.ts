import type { ContainerStatus, Pod } from '../api/generated/core-v1.ts'
import { brokenBy, findPreemption } from '../placement/preemption.ts'
import type { Diagnosis, Placement } from '../placement/decide.ts'
import { unschedulableMessage } from '../placement/unschedulable-message.ts'
import type { Explanation, Help, NodeVerdict, Reason } from './explanation.ts'
import { smallestFix } from './fixes.ts'
import { nodeVerdicts } from './node-verdicts.ts'
import { cycleOn, tryPlacing } from './trial.ts'
import type { Snapshot } from './trial.ts'
import { createProfiles, DEFAULT_PROFILE } from '../placement/profiles.ts'

/** Why a pod has no node, does not run or is not ready, from objects alone. */
export function explainPod(snapshot: Snapshot, pod: Pod): Explanation {
  const facts = { kind: 'Pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name ?? '', pods: [] }
  const gates = pod.spec?.schedulingGates?.map(({ name }) => name) ?? []
  if ((pod.spec?.nodeName ?? '') !== '' || hasEnded(pod))
    return { ...facts, ...ofItsContainers(snapshot, pod), nodes: [] }
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
    return { ...ofItsScheduler(pod, placement), isWell: false, nodes: [] }
  }
  const { diagnosis } = placement
  const nodes = nodeVerdicts(snapshot, pod, diagnosis)
  const fix = smallestFix(snapshot, pod, diagnosis)
  const reasons = [...schedulingReasons(diagnosis, nodes), preemptionReason(snapshot, pod, placement)]
  const state = `Pending: ${unschedulableMessage(diagnosis, undefined)}`
  return { state, isWell: false, reasons, nodes, ...(fix && { fix }) }
}

/** Of a pod that would fit: what its scheduler says, which may know more than a trial, such as of its gang. */
function ofItsScheduler(
  pod: Pod,
  { feasible, nodeName }: Placement & { placed: true },
): Pick<Part, 'state' | 'reasons'> {
  const { schedulerName = DEFAULT_PROFILE } = pod.spec ?? {}
  const fits = `it fits ${feasible} ${feasible === 1 ? 'node' : 'nodes'}, ${nodeName} the best`
  const said = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  if (said?.message !== undefined && said.message !== '') {
    const reasons: readonly Reason[] = [{ source: schedulerName, message: said.message, waitingHelps: 'perhaps' }]
    return { state: `Pending: by itself ${fits}; its scheduler waits`, reasons }
  }
  if (createProfiles().has(schedulerName))
    return { state: `Pending: ${fits}; the scheduler has yet to say so`, reasons: [] }
  const message = `nobody known here schedules pods that ask for "${schedulerName}" (spec.schedulerName)`
  return { state: `Pending: ${fits}`, reasons: [{ source: 'Scheduler', message, waitingHelps: 'perhaps' }] }
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
  const broken = [...brokenBy(snapshot.view, found.victims).values()].flat().map(({ metadata }) => metadata.name)
  const against = broken.length === 0 ? '' : `; that breaks the budget ${[...new Set(broken)].join(' and ')}`
  const message = `it may take the place of ${names.join(', ')} on ${found.nodeName}, of lower priority${against}`
  return { source, message, waitingHelps: 'yes' }
}

function ofItsContainers(snapshot: Snapshot, pod: Pod): Pick<Explanation, 'state' | 'isWell' | 'reasons'> {
  const { status, spec, metadata } = pod
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const reasons = [...nodeReasons(snapshot, pod), ...all.flatMap((container) => containerReasons(container))]
  for (const { type, status: holds, reason = '', message = '' } of status?.conditions ?? []) {
    if (type === 'DisruptionTarget' && holds === 'True')
      reasons.push({ source: type, message: message || reason, waitingHelps: 'no' })
    if (type === 'Ready' && holds === 'False' && reason === 'ReadinessGatesNotReady')
      reasons.push({ source: reason, message, waitingHelps: 'perhaps' })
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

/** A pod that has not ended needs its node. */
function nodeReasons({ view }: Snapshot, pod: Pod): Reason[] {
  const name = pod.spec?.nodeName ?? ''
  if (name === '' || hasEnded(pod)) return []
  const slot = view.table.slotOf(name)
  const node = slot === undefined ? undefined : view.table.node(slot)
  const source = `node ${name}`
  if (node === undefined) return [{ source, message: 'there is no such node', waitingHelps: 'no' }]
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready === undefined || ready.status === 'True') return []
  const message = `not ready: ${ready.message || (ready.reason ?? ready.status)}`
  return [{ source, message, waitingHelps: 'perhaps' }]
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
