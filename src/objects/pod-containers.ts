import type { Container, Pod } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { KubernetesCluster } from './cluster.ts'
import { started } from './container-start.ts'
import { follow } from './follow.ts'
import type { WaitOptions } from './manager.ts'
import { ObjectsError } from './objects-error.ts'

export type StopOptions = WaitOptions & { readonly gracePeriodSeconds?: number }

/** The containers of one pod: those declared, those wanted, and the pod that has the wanted ones. */
export interface PodContainers {
  declare(container: Container): void
  /** Names of the declared ones. */
  names(): readonly string[]
  start(names: readonly string[], options?: WaitOptions): Promise<Pod>
  stop(names: readonly string[], options?: StopOptions): Promise<void>
  object(): Promise<Pod | undefined>
}

/** `labels` are those of the pod, whenever it is made. */
export function podContainers(
  cluster: Pick<KubernetesCluster, 'client' | 'namespace'>,
  name: string,
  labels: Readonly<Record<string, string>>,
): PodContainers {
  const { client, namespace } = cluster
  const key = { namespace, name }
  const declared = new Map<string, Container>()
  const wanted = new Set<string>()
  let turn: Promise<unknown> = Promise.resolve()
  const object = () => client.get(pods, key).catch(undefinedIfMissing)

  /** One at a time, so that what is started together becomes one pod. */
  function settled(options: StopOptions): Promise<void> {
    const result = turn.then(() => settle(options))
    turn = result.catch(() => {})
    return result
  }

  /** Makes the pod one of exactly the wanted containers. */
  async function settle(options: StopOptions): Promise<void> {
    const existing = await object()
    if (existing !== undefined && hasExactly(existing, wanted)) return
    if (existing !== undefined) await remove(cluster, existing, options)
    if (wanted.size === 0) return
    const containers = [...declared.values()].filter((container) => wanted.has(container.name))
    const metadata = { name, namespace, labels }
    await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } })
  }

  return {
    declare(container) {
      if (declared.has(container.name)) throw taken(name, container.name)
      declared.set(container.name, container)
    },
    names: () => [...declared.keys()],
    async start(names, options = {}) {
      for (const one of names) wanted.add(one)
      await settled(options)
      return follow(client, pods, key, started(name, names), options)
    },
    async stop(names, options = {}) {
      for (const one of names) wanted.delete(one)
      await settled(options)
    },
    object,
  }
}

function hasExactly({ metadata, spec }: Pod, wanted: ReadonlySet<string>): boolean {
  const names = spec?.containers.map((container) => container.name) ?? []
  return (
    metadata.deletionTimestamp === undefined && names.length === wanted.size && names.every((one) => wanted.has(one))
  )
}

async function remove(
  { client, namespace }: Pick<KubernetesCluster, 'client' | 'namespace'>,
  { metadata }: Pod,
  options: StopOptions,
): Promise<void> {
  const { gracePeriodSeconds } = options
  const { uid = '', name = '' } = metadata
  const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }
  const key = { namespace, name }
  await client.delete(pods, key, { preconditions: { uid }, ...grace }).catch(undefinedIfMissing)
  const judge = (pod: Pod | undefined) => (pod?.metadata.uid === uid ? undefined : true)
  await follow(client, pods, key, { judge, state: () => 'it has not ended', expected: 'it to be gone' }, options)
}

function taken(pod: string, container: string): ObjectsError {
  const message = `Cannot create container "${container}": pod "${pod}" has one of that name, expected another name`
  return new ObjectsError('OBJECTS_NAME', message, 'choose another name')
}

function undefinedIfMissing(error: unknown): undefined {
  if (!hasReason(error, 'NotFound')) throw error
}
