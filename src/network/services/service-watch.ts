import type { Service } from '../../api/generated/core-v1.ts'
import type { EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { endpointSlices, services } from '../../api/generated/resources.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Client } from '../../client/client.ts'
import type { Environment } from '../../env/environment.ts'
import { createInformer } from '../../informer/informer.ts'
import { keyStringOf } from '../../informer/indexer.ts'
import { whenSynced } from '../../informer/synced.ts'

const SERVICE_NAME = 'kubernetes.io/service-name'
const OF_SERVICE = 'of-service'

/** Services with their EndpointSlices, as they are now. */
export interface ServiceWatch {
  readonly synced: Promise<void>
  get(key: string): Service | undefined
  list(): readonly Service[]
  slicesOf(key: string): readonly EndpointSlice[]
  /** The Services whose own address this is, and the slices that name it. */
  at(ip: string): { readonly services: readonly Service[]; readonly slices: readonly EndpointSlice[] }
  /** Whether some Service would send new connections to that address. */
  isOffered(ip: string): boolean
  /** Whether some Service has the address among its endpoints, ready or not. */
  isNamed(ip: string): boolean
  /** Calls with the key of each Service of which something changed; first with all. */
  listen(changed: (key: string) => void): void
  close(): void
}

export function watchServices(env: Environment, client: Client): ServiceWatch {
  const all = createInformer(env, client, services)
  const slices = createInformer(env, client, endpointSlices)
  const serviceOf = ({ metadata: { labels, namespace } }: KubeObject): readonly string[] => {
    const name = labels?.[SERVICE_NAME]
    return name === undefined ? [] : [`${namespace}/${name}`]
  }
  slices.addIndex(OF_SERVICE, serviceOf)
  slices.addIndex('address', readyAddresses)
  slices.addIndex('every-address', ({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses))
  all.addIndex('address', ({ spec }) => (spec?.clusterIPs ?? []).filter((ip) => ip !== 'None'))
  const synced = whenSynced(env, [all, slices])
  // Told to whoever waits for it.
  synced.catch(() => {})
  return {
    synced,
    get: (key) => all.getByKey(key),
    list: () => all.list(),
    slicesOf: (key) => slices.by(OF_SERVICE, key),
    at: (ip) => ({ services: all.by('address', ip), slices: slices.by('address', ip) }),
    isOffered: (ip) =>
      slices.by('address', ip).some((slice) =>
        // Whoever wants pods that are not ready wants those that end, too.
        serviceOf(slice).some((key) => all.getByKey(key)?.spec?.publishNotReadyAddresses !== true),
      ),
    isNamed: (ip) => slices.by('every-address', ip).length > 0,
    listen(changed) {
      const own = (object: KubeObject) => changed(keyStringOf(object))
      all.listen({ added: own, updated: own, deleted: own })
      const ofService = (object: KubeObject) => serviceOf(object).forEach(changed)
      slices.listen({
        added: ofService,
        updated: (object, previous) => {
          ofService(previous)
          ofService(object)
        },
        deleted: ofService,
      })
    },
    close() {
      all.close()
      slices.close()
    },
  }
}

function readyAddresses({ endpoints }: EndpointSlice): readonly string[] {
  return (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false).flatMap(({ addresses }) => addresses)
}
