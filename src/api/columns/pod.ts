import type { ContainerStatus, Pod } from '../generated/core-v1.ts'
import { ageOf } from '../meta/duration.ts'
import type { Cell, RowCondition } from './column.ts'

/** `kubectl get pods`: what the containers say of themselves counts more than the phase. */
export function podCells(pod: Pod, nowMs: number): readonly Cell[] {
  const { spec, status, metadata } = pod
  const gates = spec?.readinessGates ?? []
  const isTrue = (type: string) => status?.conditions?.find((one) => one.type === type)?.status === 'True'
  const passed = gates.filter((gate) => isTrue(gate.conditionType)).length
  return [
    metadata.name ?? '',
    readyOf(pod),
    podStatus(pod),
    restartsOf(pod, nowMs),
    ageOf(metadata.creationTimestamp, nowMs),
    status?.podIPs?.[0]?.ip || '<none>',
    spec?.nodeName || '<none>',
    status?.nominatedNodeName || '<none>',
    gates.length === 0 ? '<none>' : `${passed}/${gates.length}`,
  ]
}

const COMPLETED = { type: 'Completed', status: 'True' } as const

/** What the row of a pod that has ended says. */
export function podConditions({ status }: Pod): readonly RowCondition[] | undefined {
  const reason = status?.phase
  if (reason === 'Succeeded') return [{ ...COMPLETED, reason, message: 'The pod has completed successfully.' }]
  if (reason === 'Failed') return [{ ...COMPLETED, reason, message: 'The pod failed.' }]
  return undefined
}

function sidecarsOf({ spec }: Pod): ReadonlySet<string> {
  const containers = spec?.initContainers ?? []
  return new Set(containers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name))
}

/** Whether one of the pod's init containers holds it up still: what its other containers say does not count then. */
const isInitializing = (pod: Pod) => initReason(pod) !== undefined && !isInitialized(pod)

function readyOf(pod: Pod): string {
  const sidecars = sidecarsOf(pod)
  const { spec, status } = pod
  const inits = status?.initContainerStatuses ?? []
  const blocking = inits.findIndex((one) => !isPast(one, sidecars))
  const past = blocking === -1 ? inits : inits.slice(0, blocking)
  const started = past.filter((one) => !hasSucceeded(one) && one.ready)
  const running = (status?.containerStatuses ?? []).filter((one) => one.ready && one.state?.running !== undefined)
  const ready = started.length + (isInitializing(pod) ? 0 : running.length)
  return `${ready}/${(spec?.containers ?? []).length + sidecars.size}`
}

function restartsOf(pod: Pod, nowMs: number): string {
  const sidecars = sidecarsOf(pod)
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  const restarted = initContainerStatuses?.filter((one) => sidecars.has(one.name)) ?? []
  const counted = isInitializing(pod) ? (initContainerStatuses ?? []) : [...restarted, ...(containerStatuses ?? [])]
  const count = counted.reduce((sum, one) => sum + one.restartCount, 0)
  const last = counted
    .flatMap((one) => one.lastState?.terminated?.finishedAt ?? [])
    .sort()
    .at(-1)
  return count === 0 || last === undefined ? String(count) : `${count} (${ageOf(last, nowMs)} ago)`
}

const hasSucceeded = ({ state }: ContainerStatus) => state?.terminated?.exitCode === 0

/** Whether the pod's start goes on after an init container: it has succeeded, or runs beside the others. */
const isPast = (one: ContainerStatus, sidecars: ReadonlySet<string>) =>
  hasSucceeded(one) || (sidecars.has(one.name) && one.started === true)

/** The one word for a pod's state, such as `Running`, `Init:0/1`, `CrashLoopBackOff` or `Terminating`. */
export function podStatus(pod: Pod): string {
  const { status = {}, metadata } = pod
  let reason = status.reason || status.phase || ''
  const gated = status.conditions?.find((one) => one.type === 'PodScheduled' && one.reason === 'SchedulingGated')
  if (gated !== undefined) reason = 'SchedulingGated'
  const init = initReason(pod)
  if (init !== undefined) reason = init
  if (init === undefined || isInitialized(pod)) reason = containersReason(pod, reason)
  if (metadata.deletionTimestamp === undefined) return reason
  if (status.reason === 'NodeLost') return 'Unknown'
  return status.phase === 'Succeeded' || status.phase === 'Failed' ? reason : 'Terminating'
}

const isInitialized = (pod: Pod) =>
  pod.status?.conditions?.some((one) => one.type === 'Initialized' && one.status === 'True') === true

/** What the first init container that is not done says, or nothing where all are. */
function initReason(pod: Pod): string | undefined {
  const containers = pod.spec?.initContainers ?? []
  const sidecars = sidecarsOf(pod)
  for (const [i, one] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const { terminated, waiting } = one.state ?? {}
    if (isPast(one, sidecars)) continue
    if (terminated !== undefined) return `Init:${terminated.reason || exitText(terminated)}`
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`
    return `Init:${i}/${containers.length}`
  }
  return undefined
}

const exitText = ({ signal = 0, exitCode }: { signal?: number; exitCode: number }) =>
  signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`

function containersReason(pod: Pod, fallback: string): string {
  let reason = fallback
  let hasRunning = false
  for (const one of (pod.status?.containerStatuses ?? []).toReversed()) {
    const { waiting, terminated, running } = one.state ?? {}
    if (waiting?.reason) reason = waiting.reason
    else if (terminated !== undefined) reason = terminated.reason || exitText(terminated)
    else if (one.ready && running !== undefined) hasRunning = true
  }
  if (reason !== 'Completed' || !hasRunning) return reason
  const isReady = pod.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')
  return isReady === true ? 'Running' : 'NotReady'
}
