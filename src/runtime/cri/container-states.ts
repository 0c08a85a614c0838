import { signalOf } from '../engine/signals.ts'
import type { ContainerState, ContainerStatus } from '../runtime.ts'
import type { CriContainerStatus } from './messages.ts'
import { POD_UID_LABEL } from './sandbox-config.ts'

const NANOSECONDS_A_MILLISECOND = 1e6

/** What the port says of a container, from what the engine says. */
export function containerStatusOf(status: CriContainerStatus, sandboxId: string): ContainerStatus {
  return {
    id: status.id,
    sandboxId,
    podUid: status.labels[POD_UID_LABEL] ?? '',
    name: status.metadata.name,
    attempt: status.metadata.attempt,
    image: status.image?.image ?? '',
    imageId: status.imageRef,
    state: stateOf(status),
  }
}

function stateOf(status: CriContainerStatus): ContainerState {
  const startedAtMs = status.startedAt / NANOSECONDS_A_MILLISECOND
  if (status.state === 'CONTAINER_CREATED') return { phase: 'created' }
  if (status.state === 'CONTAINER_RUNNING') return { phase: 'running', startedAtMs }
  const { exitCode, reason, message } = status
  const signal = signalOf(exitCode)
  // containerd's words for a command that could not be started; others say ContainerCannotRun.
  const isStartError = reason === 'StartError' || reason === 'ContainerCannotRun'
  return {
    phase: 'exited',
    startedAtMs: isStartError ? 0 : startedAtMs,
    finishedAtMs: status.finishedAt / NANOSECONDS_A_MILLISECOND,
    exitCode,
    ...(signal !== undefined && { signal }),
    oomKilled: reason === 'OOMKilled',
    ...(isStartError && { startError: message }),
  }
}
