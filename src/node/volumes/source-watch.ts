import type { ConfigMap, Pod, Secret } from '../../api/generated/core-v1.ts'
import { configMaps, secrets } from '../../api/generated/resources.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Client } from '../../client/client.ts'
import type { Environment } from '../../env/environment.ts'
import { createInformer } from '../../informer/informer.ts'

/**
 * Watches the config maps and secrets that volumes of a node's pods are made of, each by its name, since a node may see no
 * others; one watch for all pods that have it, closed with the last of them.
 */
export interface SourceWatch {
  /** Calls `changed` when a source of the pod's volumes does. Returns the way to stop. */
  follow(pod: Pod, changed: () => void): () => void
  close(): void
}

interface Followed {
  readonly listeners: Set<() => void>
  close(): void
}

export function createSourceWatch(env: Environment, client: Client): SourceWatch {
  const followed = new Map<string, Followed>()
  const open = (source: Source): Followed => {
    const { namespace, name, type } = source
    const informer = createInformer(env, client, type as ResourceType<ConfigMap | Secret>, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
    })
    const listeners = new Set<() => void>()
    const tell = () => {
      for (const listener of listeners) listener()
    }
    // What it is at first the volume has been made of, or is compared with once.
    informer.listen({ added: tell, updated: tell, deleted: () => {} })
    // Whoever does not get to see it hears of no change, as from an object that never changes.
    informer.synced.catch(() => {})
    return { listeners, close: () => void informer.close() }
  }
  return {
    follow(pod, changed) {
      const keys = sourcesOf(pod).map((source) => {
        const key = `${source.type.plural}/${source.namespace}/${source.name}`
        const known = followed.get(key) ?? open(source)
        followed.set(key, known)
        known.listeners.add(changed)
        return key
      })
      return () => {
        for (const key of keys) leave(followed, key, changed)
      }
    },
    close() {
      for (const { close } of followed.values()) close()
      followed.clear()
    },
  }
}

function leave(followed: Map<string, Followed>, key: string, changed: () => void): void {
  const known = followed.get(key)
  known?.listeners.delete(changed)
  if (known?.listeners.size !== 0) return
  followed.delete(key)
  known.close()
}

type SourceType = ResourceType<ConfigMap> | ResourceType<Secret>

interface Source {
  readonly type: SourceType
  readonly namespace: string
  readonly name: string
}

function sourcesOf({ metadata, spec }: Pod): readonly Source[] {
  const namespace = metadata.namespace ?? ''
  const found = (spec?.volumes ?? []).flatMap(({ configMap, secret, projected }) => [
    ...maybe(configMaps, configMap?.name),
    ...maybe(secrets, secret?.secretName),
    ...(projected?.sources ?? []).flatMap((source) => [
      ...maybe(configMaps, source.configMap?.name),
      ...maybe(secrets, source.secret?.name),
    ]),
  ])
  return found.map((source) => ({ ...source, namespace }))
}

function maybe(type: SourceType, name: string | undefined): readonly Omit<Source, 'namespace'>[] {
  return name === undefined ? [] : [{ type, name }]
}
