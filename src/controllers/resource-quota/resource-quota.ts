import type { ResourceQuota } from '../../api/generated/core-v1.ts'
import { resourceQuotas } from '../../api/generated/resources.ts'
import { semanticallyEqual } from '../../api/meta/equal.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Amounts } from '../../api/quota/pod-usage.ts'
import { quotaUsage, storageOfName } from '../../api/quota/quota-usage.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import { groupResourceOf } from '../../api/resource-type.ts'
import type { Informer } from '../../informer/informer.ts'
import { keyStringOf } from '../../informer/indexer.ts'
import type { Controller, ControllerContext, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import type { Source } from '../../reconcile/source.ts'
import { servedResources } from '../served-resources/served-resources.ts'
import type { ServedResources } from '../served-resources/served-resources.ts'

/** Keeps `status.used` of quotas true. Only resources that a quota limits are followed. */
export const resourceQuotaController: Controller = {
  name: 'resourcequota-controller',
  build(context) {
    const quotas = context.informer(resourceQuotas)
    const served = servedResources(context)
    return {
      sources: [changesOf(quotas), changesOfLimited(context, quotas, served)],
      async reconcile(key) {
        const quota = quotas.getByKey(key)
        if (quota === undefined) return SETTLED
        const informers = limitedTypes([quota], served).map(
          (type) => [groupResourceOf(type), informerOf(context, type)] as const,
        )
        await Promise.all(informers.map(([, informer]) => informer.synced))
        const byStorage = new Map(informers)
        return decideQuota(quota, (storage) => byStorage.get(storage)?.list(quota.metadata.namespace) ?? [])
      },
    }
  },
}

/** `objectsOf` gives the objects of a resource in the quota's namespace. */
export function decideQuota(
  quota: ResourceQuota | undefined,
  objectsOf: (storage: string) => readonly KubeObject[],
): Decision {
  if (quota === undefined || quota.metadata.deletionTimestamp !== undefined) return SETTLED
  const hard = (quota.spec?.hard ?? {}) as Amounts
  const status = { hard, used: quotaUsage(quota, objectsOf) }
  if (semanticallyEqual(status, quota.status ?? {})) return SETTLED
  const object = { ...quota, status } as ResourceQuota
  return { changes: [{ verb: 'update', type: resourceQuotas, object, subresource: 'status' }] }
}

const informerOf = (context: ControllerContext, type: ResourceType) =>
  context.informers.of(type) as unknown as Informer<KubeObject>

function limitedTypes(quotas: readonly ResourceQuota[], served: ServedResources): readonly ResourceType[] {
  const names = new Set(quotas.flatMap(({ spec }) => Object.keys(spec?.hard ?? {}).map(storageOfName)))
  return served.all().filter((type) => type.namespaced && names.has(groupResourceOf(type)))
}

/** The quotas of a namespace in which something changes that one of them limits. */
function changesOfLimited(
  context: ControllerContext,
  quotas: Informer<ResourceQuota>,
  served: ServedResources,
): Source {
  return {
    start(add) {
      const stops = new Map<string, () => void>()
      const touch = ({ metadata }: KubeObject) => {
        for (const quota of quotas.list(metadata.namespace)) add(keyStringOf(quota))
      }
      const follow = () => {
        for (const type of limitedTypes(quotas.list(), served)) {
          const name = groupResourceOf(type)
          if (stops.has(name)) continue
          stops.set(name, informerOf(context, type).listen({ added: touch, updated: touch, deleted: touch }))
        }
      }
      const stopQuotas = quotas.listen({ added: follow, updated: follow })
      const stopServed = served.listen(follow)
      return () => {
        stopQuotas()
        stopServed()
        for (const stop of stops.values()) stop()
      }
    },
  }
}
