import type { ContainerStatus, Pod } from '../generated/core-v1.ts'
import { ageOf } from '../meta/duration.ts'
import type { Cell } from './column.ts'

/** `kubectl get pods`: what the containers say of themselves counts more than the phase. */
export function podCells(pod: Pod, nowMs: number): readonly Cell[] {
  const spec = pod.spec
  const sidecars = (spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always')
  const total = (spec?.containers ?? []).length + sidecars.length
  const statuses = pod.status?.containerStatuses ?? []
  const sidecarNames = new Set(sidecars.map((container) => container.name))
  const started = (pod.status?.initContainerStatuses ?? []).filter((one) => sidecarNames.has(one.name))
  const ready = [...statuses, ...started].filter((one) => one.ready && one.state?.running !== undefined).length
  const gates = spec?.readinessGates ?? []
  const isTrue = (type: string) => pod.status?.conditions?.some((one) => one.type === type && one.status === 'True')
  const passed = gates.filter((gate) => isTrue(gate.conditionType)).length
  return [
    pod.metadata.name ?? '',
    `${ready}/${total}`,
    podStatus(pod),
    restartsOf([...statuses, ...started], nowMs),
    ageOf(pod.metadata.creationTimestamp, nowMs),
    pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '<none>',
    spec?.nodeName || '<none>',
    pod.status?.nominatedNodeName || '<none>',
    gates.length === 0 ? '<none>' : `${passed}/${gates.length}`,
  ]
}

function restartsOf(statuses: readonly ContainerStatus[], nowMs: number): string {
  const count = statuses.reduce((sum, one) => sum + one.restartCount, 0)
  const ends = statuses.flatMap((one) => one.lastState?.terminated?.finishedAt ?? []).sort()
  const last = ends.at(-1)
  return count === 0 || last === undefined ? String(count) : `${count} (${ageOf(last, nowMs)} ago)`
}

/** The one word for a pod's state, such as `Running`, `Init:0/1`, `CrashLoopBackOff` or `Terminating`. */
export function podStatus(pod: Pod): string {
  const { status = {}, metadata } = pod
  let reason = status.reason || status.phase || 'Unknown'
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
  const statuses = pod.status?.initContainerStatuses ?? []
  for (const [i, one] of statuses.entries()) {
    const { terminated, waiting } = one.state ?? {}
    const isSidecar = containers.find((container) => container.name === one.name)?.restartPolicy === 'Always'
    if (terminated?.exitCode === 0 || (isSidecar && one.started === true)) continue
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
