import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../api/generated/core-v1.ts'
import { formatTime } from '../env/clock.ts'
import { containerStatuses } from './container-statuses.ts'
import { anyRunning, failedInit, hasEnded, initialized } from './next-step.ts'
import { ephemeralContainers, exitOf, initContainers, isReady, mainContainers, recordOf } from './pod-record.ts'
import type { PodRecord } from './pod-record.ts'

/** What a status says of the node that the pod is on. */
export interface HostFacts {
  readonly runtimeName: string
  readonly hostIp: string
}

/** The status that the kubelet would report for this pod, given what is known of its containers. */
export function podStatus(pod: Pod, record: PodRecord, host: HostFacts, nowMs: number): PodStatus {
  const phase = phaseOf(pod, record)
  const ip = record.sandbox?.ip ?? pod.status?.podIP
  const init = initContainers(pod)
  const ephemeral = ephemeralContainers(pod)
  return {
    phase,
    conditions: conditionsOf(pod, record, phase, nowMs),
    ...(record.verdict && { reason: record.verdict.reason, message: record.verdict.message }),
    hostIP: host.hostIp,
    hostIPs: [{ ip: host.hostIp }],
    ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
    startTime: pod.status?.startTime ?? formatTime(record.startedAtMs),
    ...(init.length > 0 &&
      record.refused !== true && {
        initContainerStatuses: containerStatuses(pod, record, init, host.runtimeName, true),
      }),
    ...(record.refused !== true && {
      containerStatuses: containerStatuses(pod, record, mainContainers(pod), host.runtimeName, false),
    }),
    ...(ephemeral.length > 0 &&
      record.refused !== true && {
        ephemeralContainerStatuses: ephemeralStatuses(
          containerStatuses(pod, record, ephemeral, host.runtimeName, false),
        ),
      }),
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
  }
}

/** Nobody asks whether an ephemeral container is ready, and Kubernetes does not say that one has started. */
const ephemeralStatuses = (statuses: readonly ContainerStatus[]) =>
  statuses.map(({ started: _started, ...status }) => ({ ...status, ready: false }))

/** The phase by the kubelet's rules. */
export function phaseOf(pod: Pod, record: PodRecord): string {
  // A pod whose sidecars or doomed containers still run has not ended yet.
  const running = anyRunning(pod, record)
  if (running && (record.verdict !== undefined || hasEnded(pod, record))) return 'Running'
  if (record.verdict !== undefined) return 'Failed'
  if (failedInit(pod, record) !== undefined) return 'Failed'
  if (record.terminated === true) return phaseOfTerminated(pod, record)
  if (!initialized(pod, record)) return 'Pending'
  const records = mainContainers(pod).map(({ name }) => recordOf(record, name))
  if (records.some(({ current }) => current === undefined || current.state.phase === 'created')) return 'Pending'
  if (!hasEnded(pod, record)) return 'Running'
  return records.every((known) => exitOf(known)?.exitCode === 0) ? 'Succeeded' : 'Failed'
}

/** A pod that was ended has failed unless every container made it to its own, good end. */
function phaseOfTerminated(pod: Pod, record: PodRecord): string {
  const good = mainContainers(pod).every(({ name }) => exitOf(recordOf(record, name))?.exitCode === 0)
  return good ? 'Succeeded' : 'Failed'
}

function conditionsOf(pod: Pod, record: PodRecord, phase: string, nowMs: number): readonly PodCondition[] {
  const ended = phase === 'Succeeded' || phase === 'Failed'
  const endReason = phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed'
  const unready = mainContainers(pod)
    .filter((container) => !isReady(container, recordOf(record, container.name)))
    .map(({ name }) => name)
  const readiness: Partial<PodCondition> = ended
    ? { status: 'False', reason: endReason }
    : unready.length === 0
      ? { status: 'True' }
      : unreadyFacts(unready)
  const wanted: readonly Partial<PodCondition>[] = [
    ...resizeCondition(record, pod, nowMs),
    { type: 'PodReadyToStartContainers', status: record.sandbox?.ready === true && !ended ? 'True' : 'False' },
    { type: 'Initialized', ...initializedFacts(pod, record, phase) },
    { type: 'Ready', ...(readiness.status === 'True' ? gated(pod) : readiness) },
    { type: 'ContainersReady', ...readiness },
    { type: 'PodScheduled', status: 'True' },
    ...evictedCondition(record),
  ]
  return wanted.map((condition) => transitioned(pod, condition, nowMs))
}

/** Whether the pod still waits for the resources that its spec asks for. */
function resizeCondition({ resize }: PodRecord, { status }: Pod, nowMs: number): readonly Partial<PodCondition>[] {
  if (resize === undefined) return []
  const { type, message } = resize
  const isPending = type === 'Deferred' || type === 'Infeasible'
  const reason = type === 'InProgress' ? {} : { reason: type }
  const condition = isPending ? 'PodResizePending' : 'PodResizeInProgress'
  const known = status?.conditions?.find((one) => one.type === condition)
  const isSame = known?.reason === reason.reason && known?.message === message
  const lastProbeTime = (isSame ? known?.lastProbeTime : undefined) ?? formatTime(nowMs)
  return [{ type: condition, status: 'True', lastProbeTime, ...reason, ...(message !== undefined && { message }) }]
}

/** Whoever watches over disruptions is told that the node itself ended the pod. */
function evictedCondition({ verdict }: PodRecord): readonly Partial<PodCondition>[] {
  if (verdict?.evictedGraceMs === undefined) return []
  return [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: verdict.message }]
}

/** Conditions of others that the pod's spec asks for, beside its containers. */
function gated({ spec, status }: Pod): Partial<PodCondition> {
  const asked = spec?.readinessGates ?? []
  const words = asked.flatMap(({ conditionType }) => {
    const found = status?.conditions?.find(({ type }) => type === conditionType)
    if (found === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
    return found.status === 'True'
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`]
  })
  if (words.length === 0) return { status: 'True' }
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: words.join(', ') }
}

function unreadyFacts(names: readonly string[]): Partial<PodCondition> {
  const message = `containers with unready status: [${names.join(' ')}]`
  return { status: 'False', reason: 'ContainersNotReady', message }
}

function initializedFacts(pod: Pod, record: PodRecord, phase: string): Partial<PodCondition> {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' }
  if (initialized(pod, record)) return { status: 'True' }
  const incomplete = initContainers(pod)
    .filter(({ name }) => exitOf(recordOf(record, name))?.exitCode !== 0)
    .map(({ name }) => name)
  const message = `containers with incomplete status: [${incomplete.join(' ')}]`
  return { status: 'False', reason: 'ContainersNotInitialized', message }
}

/** A condition keeps the time of its last transition while its status stays as it was. */
function transitioned(pod: Pod, condition: Partial<PodCondition>, nowMs: number): PodCondition {
  const known = pod.status?.conditions?.find(({ type }) => type === condition.type)
  const same = known?.status === condition.status && known?.lastTransitionTime !== undefined
  return {
    ...condition,
    type: condition.type ?? '',
    status: condition.status ?? 'Unknown',
    lastTransitionTime: same ? (known?.lastTransitionTime ?? '') : formatTime(nowMs),
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
  }
}
