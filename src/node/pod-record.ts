import type { Container, Pod } from '../api/generated/core-v1.ts'
import type { ContainerStatus, Sandbox } from '../runtime/runtime.ts'

/** Why a container is not there yet or not any more, in the words of its `waiting` state. */
export interface Waiting {
  readonly reason: string
  readonly message?: string
}

/** A pause that doubles: how long it is, and when it is over, on the wall clock. */
export interface Backoff {
  readonly lengthMs: number
  readonly untilMs: number
}

/** What an attempt left in its termination message, and why it ended where its exit alone does not tell. */
export interface LastWords {
  /** The attempt's container id. */
  readonly id: string
  readonly message: string
  readonly reason?: string
}

/** What the agent knows of one container of a pod. */
export interface ContainerRecord {
  /** The newest attempt, as the runtime told it; absent before the first. */
  readonly current?: ContainerStatus
  /** The image's canonical name, once it was there. */
  readonly imageReference?: string
  /** The attempt before that, which has ended. */
  readonly previous?: ContainerStatus
  /** Set while no attempt can be made, or the next one is held back. */
  readonly waiting?: Waiting
  /** Attempts that ended and were followed by another. */
  readonly restarts: number
  /** When the next attempt is to be looked at again, on the wall clock. */
  readonly notBeforeMs?: number
  /** The pause before the next attempt of a container that keeps ending. */
  readonly restart?: Backoff
  /** The pause before the next pull of an image that could not be pulled, and why not. */
  readonly pull?: Backoff & { readonly error: string }
  /** What probes have found of `current`; absent before they found anything. */
  readonly probed?: { readonly isStarted?: boolean; readonly isReady?: boolean }
  /** The resources that the node has granted `current`, and those that are in force; absent where they are those of the spec. */
  readonly granted?: Container['resources'] & {}
  readonly inForce?: Container['resources'] & {}
  /** What is to be said of the end of `current`, and of that of `previous`. */
  readonly lastWords?: LastWords
  readonly previousWords?: LastWords
}

/** A change of resources under way: refused for now or for good, being carried out, or failed. */
export interface Resize {
  readonly type: 'Deferred' | 'Infeasible' | 'InProgress' | 'Error'
  readonly message?: string
  /** What was asked for. */
  readonly wanted: string
  /** When it is tried again, on the wall clock. */
  readonly notBeforeMs?: number
}

/** Why the agent has ended a pod, as its status says. */
export interface Verdict {
  readonly reason: string
  readonly message: string
  /** Set where the node needs back what the pod uses: its containers get no more time than that. */
  readonly evictedGraceMs?: number
}

/** What the agent knows of one pod, beside its object: immutable, replaced with every step. */
export interface PodRecord {
  readonly sandbox?: Sandbox
  /** The one before it, which has ended by itself; kept for what its containers have said. */
  readonly former?: Sandbox
  /** When the agent first saw the pod. */
  readonly startedAtMs: number
  readonly containers: ReadonlyMap<string, ContainerRecord>
  /** Set once the pod was ended from outside: its containers are not started again, whatever its policy says. */
  readonly terminated?: boolean
  /** The node has not taken the pod: there is nothing to say of its containers. */
  readonly refused?: boolean
  /** Set while the pod does not have the resources that its spec asks for. */
  readonly resize?: Resize
  /** Set once the agent itself has ended the pod, such as for its deadline, or has not even taken it. */
  readonly verdict?: Verdict
}

export const NO_CONTAINER: ContainerRecord = { restarts: 0 }

/** Whether an init container is a sidecar: it stays while the others run. */
export const isSidecar = (container: Container) => container.restartPolicy === 'Always'

/** A container's record; an empty one where there was no attempt. */
export function recordOf(record: PodRecord, name: string): ContainerRecord {
  return record.containers.get(name) ?? NO_CONTAINER
}

/** The containers that make the pod run. */
export function mainContainers(pod: Pod): readonly Container[] {
  return pod.spec?.containers ?? []
}

export function initContainers(pod: Pod): readonly Container[] {
  return pod.spec?.initContainers ?? []
}

/** Containers that were added to look into the running pod: each has one attempt, and the pod's end does not wait for it. */
export function ephemeralContainers(pod: Pod): readonly Container[] {
  return (pod.spec?.ephemeralContainers ?? []) as readonly Container[]
}

/** The exit of the newest attempt; undefined while it runs or where there was none. */
export function exitOf(record: ContainerRecord) {
  return record.current?.state.phase === 'exited' ? record.current.state : undefined
}

/** Whether the container runs, and has started by the word of its startup probe, if it has one. */
export function isStarted(container: Container, record: ContainerRecord): boolean {
  return isRunning(record) && (container.startupProbe === undefined || record.probed?.isStarted === true)
}

/** Whether the container has started, and is ready by the word of its readiness probe, if it has one. */
export function isReady(container: Container, record: ContainerRecord): boolean {
  return isStarted(container, record) && (container.readinessProbe === undefined || record.probed?.isReady === true)
}

export function isRunning(record: ContainerRecord): boolean {
  return record.current?.state.phase === 'running'
}
