import type { Pod } from '../api/generated/core-v1.ts'
import type { KubernetesCluster } from './cluster.ts'
import type { WaitOptions } from './manager.ts'
import { ObjectsError } from './objects-error.ts'
import { podContainers } from './pod-containers.ts'
import type { PodContainers, StopOptions } from './pod-containers.ts'

/**
 * A pod and its containers. It comes to be when the first of its containers is started. Kubernetes fixes a pod's
 * containers when it is made: starting another one, or stopping one of several, replaces the pod, and its other
 * containers start anew.
 */
export interface KubernetesPod {
  readonly name: string
  readonly appName: string
  readonly cluster: KubernetesCluster
  /** Starts all its containers at once; resolves when they have started. */
  start(options?: WaitOptions): Promise<Pod>
  /** Ends all its containers; resolves when the pod is gone. */
  stop(options?: StopOptions): Promise<void>
  /** As the API server has it; `undefined` where it is not there. */
  object(): Promise<Pod | undefined>
}

const containers = new WeakMap<KubernetesPod, PodContainers>()

/** The containers of a pod that {@link KubernetesPod.create} made. */
export function containersOf(pod: KubernetesPod): PodContainers {
  const found = containers.get(pod)
  if (found === undefined) throw new Error('Assertion: a pod that KubernetesPod.create() has not made')
  return found
}

/**
 * A pod named `name` with the label `app: appName` (default: its name), without containers as yet.
 *
 * @example
 * const pod = KubernetesPod.create('web-1', cluster, 'web')
 * const server = KubernetesContainer.create('server', pod, { image: 'node:24', args: ['server.js'] })
 * await server.start()
 */
function create(name: string, cluster: KubernetesCluster, appName: string = name): KubernetesPod {
  const own = podContainers(cluster, name, { app: appName })
  const pod: KubernetesPod = {
    name,
    appName,
    cluster,
    start: (options) => own.start(allOf(name, own.names()), options),
    stop: (options) => own.stop(own.names(), options),
    object: own.object,
  }
  containers.set(pod, own)
  return pod
}

function allOf(pod: string, names: readonly string[]): readonly string[] {
  if (names.length > 0) return names
  const message = `Cannot start pod "${pod}": it has 0 containers, expected one or more`
  throw new ObjectsError('OBJECTS_NOT_STARTED', message, 'KubernetesContainer.create(name, pod) gives it one')
}

/** Declares pods. */
export const KubernetesPod = { create }
