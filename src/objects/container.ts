import type { ContainerStatus, Pod } from '../api/generated/core-v1.ts'
import { hasReason } from '../api/meta/status.ts'
import type { LogOptions } from '../client/client.ts'
import { containerOf } from './container-spec.ts'
import type { ContainerOptions } from './container-spec.ts'
import { linesOf, textOf } from './log-text.ts'
import type { WaitOptions } from './manager.ts'
import { ObjectsError } from './objects-error.ts'
import { containersOf } from './pod.ts'
import type { KubernetesPod } from './pod.ts'
import type { StopOptions } from './pod-containers.ts'

type LogChoice = Omit<LogOptions, 'container' | 'follow'>

/** A container of a pod. */
export interface KubernetesContainer {
  readonly name: string
  readonly pod: KubernetesPod
  /** Resolves when it has started. Rejects with `OBJECTS_START_FAILED` where it cannot, such as for want of its image. */
  start(options?: WaitOptions): Promise<Pod>
  /** Resolves when it has ended: the pod is gone, or replaced by one without it. */
  stop(options?: StopOptions): Promise<void>
  /** What it has written up to now, standard output and error together. */
  logs(options?: LogChoice): Promise<string>
  /** Its lines as they come, until it ends. */
  follow(options?: LogChoice): AsyncIterable<string>
  /** As the node reports it; `undefined` before that. */
  status(): Promise<ContainerStatus | undefined>
}

/**
 * Declares a container of `pod`; nothing runs until it is started. Throws an `ObjectsError` (`OBJECTS_NAME`) where the
 * pod has one of that name.
 *
 * @example
 * const echo = KubernetesContainer.create('echo', pod, { image: 'node:24', args: ['-p', '6 * 7'] })
 * await echo.start()
 * for await (const line of echo.follow()) console.log(line)
 */
function create(name: string, pod: KubernetesPod, options: ContainerOptions = {}): KubernetesContainer {
  const { client, namespace } = pod.cluster
  const containers = containersOf(pod)
  containers.declare(containerOf(name, options, pod.cluster))
  const bytes = (choice: LogOptions) => client.logs({ namespace, name: pod.name }, { ...choice, container: name })
  return {
    name,
    pod,
    start: (wait) => containers.start([name], wait),
    stop: (wait) => containers.stop([name], wait),
    logs: (choice) => textOf(bytes(choice ?? {})).catch((error: unknown) => Promise.reject(noLogs(name, pod, error))),
    follow: (choice) => linesOf(bytes({ ...choice, follow: true })),
    async status() {
      const object = await pod.object()
      return object?.status?.containerStatuses?.find((status) => status.name === name)
    },
  }
}

function noLogs(name: string, pod: KubernetesPod, error: unknown): unknown {
  if (!hasReason(error, 'NotFound')) return error
  const message = `Cannot read the log of container "${name}": pod "${pod.name}" is not there, expected it to be started`
  return new ObjectsError('OBJECTS_NOT_STARTED', message, 'await container.start() first', { cause: error })
}

/** Declares containers. */
export const KubernetesContainer = { create }
