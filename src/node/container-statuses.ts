import type {
  Container,
  ContainerState as ReportedState,
  ContainerStateTerminated,
  ContainerStatus,
  Pod,
} from '../api/generated/core-v1.ts'
import { formatTime } from '../env/clock.ts'
import type { ContainerStatus as RuntimeStatus } from '../runtime/runtime.ts'
import { initialized } from './next-step.ts'
import type { ContainerRecord, PodRecord } from './pod-record.ts'
import { exitOf, isReady, isSidecar, isStarted, recordOf } from './pod-record.ts'

/** The statuses of `containers`, as the kubelet reports them. `init`: they are the pod's init containers. */
export function containerStatuses(
  pod: Pod,
  record: PodRecord,
  containers: readonly Container[],
  runtimeName: string,
  init: boolean,
): readonly ContainerStatus[] {
  // The kubelet has init containers in the order of the spec, all others in that of their names.
  const ordered = init ? containers : containers.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return ordered.map((container) => {
    const known = recordOf(record, container.name)
    return {
      ...identity(container, known, runtimeName),
      state: stateOf(pod, record, known, runtimeName, init),
      lastState: lastState(known, runtimeName),
      ready: init && !isSidecar(container) ? exitOf(known)?.exitCode === 0 : isReady(container, known),
      started: isStarted(container, known),
      restartCount: known.restarts,
      ...resources(container, known),
      ...volumeMounts(container),
    }
  })
}

function identity(container: Container, { current, imageReference }: ContainerRecord, runtimeName: string) {
  return {
    name: container.name,
    image: current === undefined ? (container.image ?? '') : (imageReference ?? current.image),
    imageID: current?.imageId ?? '',
    ...(current !== undefined && { containerID: `${runtimeName}://${current.id}` }),
  }
}

function stateOf(
  pod: Pod,
  record: PodRecord,
  known: ContainerRecord,
  runtimeName: string,
  init: boolean,
): ReportedState {
  if (known.waiting !== undefined) return { waiting: known.waiting }
  const state = known.current?.state
  if (state?.phase === 'running') return { running: { startedAt: formatTime(state.startedAtMs) } }
  if (state?.phase === 'exited') return { terminated: terminated(known, known.current, runtimeName) }
  // Kubernetes says PodInitializing of whatever waits for init containers, and ContainerCreating elsewhere.
  const waitsForInit = (pod.spec?.initContainers?.length ?? 0) > 0 && (init || !initialized(pod, record))
  return { waiting: { reason: waitsForInit ? 'PodInitializing' : 'ContainerCreating' } }
}

function lastState(known: ContainerRecord, runtimeName: string): ReportedState {
  // While the next attempt is held back, the one that ended is the last state.
  const last = known.waiting !== undefined && exitOf(known) !== undefined ? known.current : known.previous
  return last?.state.phase === 'exited' ? { terminated: terminated(known, last, runtimeName) } : {}
}

function terminated(
  known: ContainerRecord,
  status: RuntimeStatus | undefined,
  runtimeName: string,
): ContainerStateTerminated {
  const state = status?.state
  if (status === undefined || state?.phase !== 'exited') return { exitCode: 0 }
  const words = [known.lastWords, known.previousWords].find((each) => each?.id === status.id)
  const message = words?.message || state.startError
  return {
    containerID: `${runtimeName}://${status.id}`,
    exitCode: state.exitCode,
    finishedAt: formatTime(state.finishedAtMs),
    reason: words?.reason ?? terminationReason(state),
    startedAt: formatTime(state.startedAtMs),
    ...(message && { message }),
  }
}

function terminationReason(state: { exitCode: number; oomKilled: boolean; startError?: string }): string {
  if (state.oomKilled) return 'OOMKilled'
  if (state.startError !== undefined) return 'StartError'
  return state.exitCode === 0 ? 'Completed' : 'Error'
}

function resources(container: Container, { current, granted, inForce }: ContainerRecord) {
  const { requests } = granted ?? container.resources ?? {}
  return {
    ...(current !== undefined && { resources: inForce ?? granted ?? container.resources ?? {} }),
    ...(current !== undefined && requests !== undefined && { allocatedResources: requests }),
  }
}

function volumeMounts({ volumeMounts: mounts }: Container) {
  if (mounts === undefined || mounts.length === 0) return {}
  return {
    volumeMounts: mounts.map(({ mountPath, name, readOnly }) => ({
      mountPath,
      name,
      ...(readOnly === true && { readOnly, recursiveReadOnly: 'Disabled' }),
    })),
  }
}
