import type { Container, Pod } from '../api/generated/core-v1.ts'
import type { NodeContext } from './node-context.ts'
import type { ContainerRecord, PodRecord } from './pod-record.ts'
import type { Freshness } from './volumes/freshness.ts'
import type { PodTokens } from './volumes/pod-tokens.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'

/** The probes of one attempt of a container, at work until stopped. */
export interface Prober {
  readonly containerId: string
  stop(): void
}

/**
 * One pod's work in progress, owned by its worker and handed to each part of it. Only the worker's loop takes steps; what
 * comes from outside (the object, a container's end) changes fields here and wakes the loop.
 */
export interface PodWork {
  readonly context: NodeContext
  /** The newest object seen. */
  pod: Pod
  record: PodRecord
  /** The pod's volumes, once they are provided. */
  volumes: PodVolumes
  /** Keeps the volumes up to date, while the pod has its surroundings. */
  freshness: Freshness | undefined
  /** The tokens in the pod's volumes. */
  readonly tokens: PodTokens
  /** The pod has been adopted, and its volumes are not provided yet. */
  isBare: boolean
  /** The object is gone from the API: nothing may be reported, and nothing of the pod may stay. */
  objectGone: boolean
  /** Set while containers are being stopped: the grace that they were given. */
  stopping: { graceMs: number } | undefined
  /** Failures in a row to make the pod's surroundings. */
  failures: number
  /** Aborted when the pod has to end, so that nobody waits for an image that is not needed any more. */
  readonly ending: AbortController
  /** The probes at work, by the container's name. */
  readonly probers: Map<string, Prober>
  /** Lets the loop look again. */
  readonly wake: () => void
}

/** Replaces what is known of one container. */
export function putContainer(work: PodWork, name: string, known: ContainerRecord): void {
  work.record = { ...work.record, containers: new Map(work.record.containers).set(name, known) }
}

/** The container of that name in the pod's spec, init and ephemeral containers included. */
export function containerNamed({ spec }: Pod, name: string): Container | undefined {
  const isNamed = (container: Container) => container.name === name
  const ephemeral = spec?.ephemeralContainers as readonly Container[] | undefined
  return spec?.containers.find(isNamed) ?? spec?.initContainers?.find(isNamed) ?? ephemeral?.find(isNamed)
}

/** `name_namespace(uid)`: how the kubelet names a pod in messages about its containers. */
export function podLabel({ metadata }: Pod): string {
  return `${metadata.name}_${metadata.namespace}(${metadata.uid})`
}
