import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '../generated/core-v1.ts'
import { addQuantities } from '../meta/quantity.ts'
import type { KubeObject } from '../object.ts'
import { podUsage } from './pod-usage.ts'
import type { Amounts } from './pod-usage.ts'
import { isInScope } from './quota-scopes.ts'

/** Storage names whose number a quota may name without `count/`. */
const PLAIN_COUNTS = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas', 'services'])

/** What one object counts for, by the names that quotas limit. `storage` is its resource, such as `jobs.batch`. */
export function usageOf(storage: string, object: KubeObject): Amounts {
  if (storage === 'pods') return podUsage(object as Pod)
  const counts = { [`count/${storage}`]: '1', ...(PLAIN_COUNTS.has(storage) && { [storage]: '1' }) }
  if (storage === 'services') return { ...counts, ...serviceUsage(object as Service) }
  return storage === 'persistentvolumeclaims' ? { ...counts, ...claimUsage(object as PersistentVolumeClaim) } : counts
}

function serviceUsage({ spec }: Service): Amounts {
  const ports = String(spec?.ports?.length ?? 0)
  if (spec?.type === 'NodePort') return { 'services.nodeports': ports }
  if (spec?.type !== 'LoadBalancer') return {}
  const nodePorts = spec.allocateLoadBalancerNodePorts === false ? '0' : ports
  return { 'services.loadbalancers': '1', 'services.nodeports': nodePorts }
}

function claimUsage({ spec }: PersistentVolumeClaim): Amounts {
  const storage = String(spec?.resources?.requests?.['storage'] ?? '0')
  const usage = { persistentvolumeclaims: '1', 'requests.storage': storage }
  const className = spec?.storageClassName
  if (!className) return usage
  const prefix = `${className}.storageclass.storage.k8s.io`
  return { ...usage, [`${prefix}/persistentvolumeclaims`]: '1', [`${prefix}/requests.storage`]: storage }
}

/** The resource whose objects a limited name counts: `pods` for `limits.cpu`. */
export function storageOfName(name: string): string {
  if (name.startsWith('count/')) return name.slice('count/'.length)
  if (name.startsWith('services.')) return 'services'
  if (PLAIN_COUNTS.has(name)) return name
  const isClaim =
    name === 'persistentvolumeclaims' || name.endsWith('requests.storage') || name.includes('.storageclass.')
  return isClaim ? 'persistentvolumeclaims' : 'pods'
}

/** What is used of a quota's limits: `objectsOf` gives the objects of a resource in the quota's namespace. */
export function quotaUsage(quota: ResourceQuota, objectsOf: (storage: string) => Iterable<KubeObject>): Amounts {
  const limited = Object.keys(quota.spec?.hard ?? {})
  const used: Record<string, string> = Object.fromEntries(limited.map((name) => [name, '0']))
  for (const storage of new Set(limited.map(storageOfName))) {
    for (const object of objectsOf(storage)) {
      if (isInScope(quota, storage, object)) addTo(used, usageOf(storage, object))
    }
  }
  return used
}

/** Adds what the quota limits. */
function addTo(used: Record<string, string>, usage: Amounts): void {
  for (const [name, amount] of Object.entries(usage)) {
    const sum = used[name]
    if (sum !== undefined) used[name] = addQuantities(sum, amount)
  }
}
