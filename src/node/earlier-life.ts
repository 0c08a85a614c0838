import type { ContainerStateTerminated, ContainerStatus as Reported, Pod } from '../api/generated/core-v1.ts'
import type { ContainerStatus } from '../runtime/runtime.ts'
import type { ContainerRecord, PodRecord } from './pod-record.ts'

/** What the kubelet says of a container that it reported as running and cannot find. */
const LOST = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was deleted.  The container used to be Running',
} as const

/**
 * The record of a pod that an earlier life of the agent has worked on, from what that reported: a runtime whose containers
 * end with their agent has none of them any more, so what was running has ended, and is restarted as the pod's policy says.
 */
export function recordOfEarlierLife(pod: Pod, nowMs: number): PodRecord {
  // Init containers are not kept: they prepare the new surroundings once more.
  const known = (pod.status?.containerStatuses ?? []).flatMap((status) => {
    const record = containerOf(pod, status, nowMs)
    return record === undefined ? [] : [[status.name, record] as const]
  })
  const startedAtMs = timeOf(pod.status?.startTime) ?? nowMs
  return { startedAtMs, containers: new Map(known) }
}

function containerOf(pod: Pod, status: Reported, nowMs: number): ContainerRecord | undefined {
  const { restartCount: restarts, state } = status
  const ended = state?.terminated ?? (state?.waiting === undefined ? undefined : status.lastState?.terminated)
  if (ended !== undefined) return { restarts, current: exited(pod, status, ended, nowMs), ...wordsOf(ended, status) }
  const { running } = state ?? {}
  if (running === undefined) return restarts === 0 ? undefined : { restarts }
  const { startedAt } = running
  const lost: ContainerStateTerminated = { ...LOST, ...(startedAt !== undefined && { startedAt }) }
  return { restarts, current: exited(pod, status, lost, nowMs), ...wordsOf(lost, status) }
}

function wordsOf(
  { message = '', reason }: ContainerStateTerminated,
  status: Reported,
): Pick<ContainerRecord, 'lastWords'> {
  return { lastWords: { id: idOf(status), message, ...(reason !== undefined && { reason }) } }
}

function exited(pod: Pod, status: Reported, ended: ContainerStateTerminated, nowMs: number): ContainerStatus {
  return {
    id: idOf(status),
    sandboxId: '',
    podUid: pod.metadata.uid ?? '',
    name: status.name,
    attempt: status.restartCount,
    image: status.image,
    imageId: status.imageID,
    state: {
      phase: 'exited',
      startedAtMs: timeOf(ended.startedAt) ?? nowMs,
      finishedAtMs: timeOf(ended.finishedAt) ?? nowMs,
      exitCode: ended.exitCode,
      oomKilled: ended.reason === 'OOMKilled',
    },
  }
}

const idOf = ({ containerID }: Reported) => containerID?.replace(/^[^:]*:\/\//, '') ?? ''
const timeOf = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text))
