import type { Container, Pod } from '../api/generated/core-v1.ts'
import {
  ephemeralContainers,
  exitOf,
  initContainers,
  isRunning,
  isSidecar,
  isStarted,
  mainContainers,
  recordOf,
} from './pod-record.ts'
import type { ContainerRecord, PodRecord } from './pod-record.ts'
import { isOver } from './restart-backoff.ts'
import { resizeStep } from './resize-step.ts'
import type { ResizeStep } from './resize-step.ts'

/** What the agent does next for a pod. */
export type Step =
  | { readonly do: 'start-sandbox' }
  /** Start (or restart) these containers, in order. */
  | { readonly do: 'start'; readonly containers: readonly Container[] }
  /** Nothing until something changes, or until that time on the wall clock. */
  | { readonly do: 'wait'; readonly untilMs?: number }
  | ResizeStep
  /** The pod's own containers have ended for good, or may not go on: end what still runs, such as sidecars. */
  | { readonly do: 'stop' }
  /** Nothing runs any more, or will: give the surroundings back. */
  | { readonly do: 'finish' }
  /** The pod may not go on: end what runs, and say so. */
  | { readonly do: 'fail'; readonly reason: string; readonly message: string }

/**
 * The next step for a pod that is not being deleted: init containers one after the other (sidecars stay), then the
 * containers, each restarted as the pod's policy says, with a pause that doubles.
 */
export function nextStep(pod: Pod, record: PodRecord, nowMs: number): Step {
  if (record.verdict !== undefined || hasEnded(pod, record)) {
    return anyRunning(pod, record) ? { do: 'stop' } : { do: 'finish' }
  }
  const deadline = deadlineOf(pod, record)
  if (deadline !== undefined && nowMs >= deadline) {
    const message = 'Pod was active on the node longer than the specified deadline'
    return { do: 'fail', reason: 'DeadlineExceeded', message }
  }
  if (record.sandbox === undefined) return { do: 'start-sandbox' }
  return containerStep(pod, record, nowMs, deadline)
}

function containerStep(pod: Pod, record: PodRecord, nowMs: number, deadline: number | undefined): Step {
  const wanted = initialized(pod, record) ? mainContainers(pod) : []
  // The kubelet starts ephemeral ones whether the pod is initialized or not.
  const candidates = [...ephemeralContainers(pod), ...startableInit(pod, record), ...wanted]
  const due: Container[] = []
  let next = deadline
  for (const container of candidates) {
    if (!mayStart(pod, record, container)) continue
    const at = recordOf(record, container.name).notBeforeMs ?? 0
    if (isOver(at, nowMs)) due.push(container)
    else next = Math.min(next ?? at, at)
  }
  if (due.length > 0) return { do: 'start', containers: due }
  const resize = resizeStep(pod, record, nowMs)
  if (resize !== undefined && resize.do !== 'wait') return resize
  if (resize !== undefined) next = Math.min(next ?? resize.untilMs, resize.untilMs)
  return next === undefined ? { do: 'wait' } : { do: 'wait', untilMs: next }
}

function deadlineOf(pod: Pod, record: PodRecord): number | undefined {
  const seconds = pod.spec?.activeDeadlineSeconds
  return seconds === undefined ? undefined : record.startedAtMs + Number(seconds) * 1000
}

/** The pod's restart policy, as it holds for one of its containers. */
function policyOf(pod: Pod, container: Container): string {
  if (isSidecar(container)) return 'Always'
  if (ephemeralContainers(pod).includes(container)) return 'Never'
  const policy = pod.spec?.restartPolicy ?? 'Always'
  // An init container that succeeded is done, even where the pod's containers are always restarted.
  return policy === 'Always' && initContainers(pod).includes(container) ? 'OnFailure' : policy
}

/** Whether the container has no attempt that runs, and may have another. */
function mayStart(pod: Pod, record: PodRecord, container: Container): boolean {
  const known = recordOf(record, container.name)
  if (known.current === undefined || known.current.state.phase === 'created') return true
  const exit = exitOf(known)
  if (exit === undefined) return false
  return mayRestart(pod, container, exit.exitCode)
}

/** Whether the pod's policy has a container started again that ended with this code. */
export function mayRestart(pod: Pod, container: Container, exitCode: number): boolean {
  const policy = policyOf(pod, container)
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

/** Whether the container has ended and will not be started again. */
function isDone(pod: Pod, record: PodRecord, container: Container): boolean {
  return exitOf(recordOf(record, container.name)) !== undefined && !mayStart(pod, record, container)
}

/** Init containers that may be started now: the first that is not done, and sidecars before it. */
function startableInit(pod: Pod, record: PodRecord): readonly Container[] {
  const startable: Container[] = []
  for (const container of initContainers(pod)) {
    const known = recordOf(record, container.name)
    if (isSidecar(container)) {
      startable.push(container)
      if (!isStarted(container, known)) break
    } else if (exitOf(known)?.exitCode !== 0) {
      startable.push(container)
      break
    }
  }
  return startable
}

/** Whether all init containers are through, and all sidecars have started. */
export function initialized(pod: Pod, record: PodRecord): boolean {
  return initContainers(pod).every((container) => {
    const known = recordOf(record, container.name)
    return isSidecar(container) ? hasStarted(container, known) : exitOf(known)?.exitCode === 0
  })
}

/** A sidecar that has started once does not hold the pod up again when it is restarted. */
function hasStarted(container: Container, known: ContainerRecord): boolean {
  return isStarted(container, known) || known.restarts > 0 || exitOf(known) !== undefined
}

/** The init container that failed for good, if one did. */
export function failedInit(pod: Pod, record: PodRecord): Container | undefined {
  return initContainers(pod).find((container) => {
    const exit = exitOf(recordOf(record, container.name))
    return exit !== undefined && exit.exitCode !== 0 && isDone(pod, record, container)
  })
}

/** Whether nothing of the pod will run again, by itself. */
export function hasEnded(pod: Pod, record: PodRecord): boolean {
  if (failedInit(pod, record) !== undefined) return true
  return mainContainers(pod).every((container) => isDone(pod, record, container))
}

export function anyRunning(pod: Pod, record: PodRecord): boolean {
  const all = [...initContainers(pod), ...mainContainers(pod), ...ephemeralContainers(pod)]
  return all.some(({ name }) => isRunning(recordOf(record, name)))
}
