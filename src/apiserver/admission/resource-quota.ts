import type { Draft } from '../../api/draft.ts'
import type { Pod, ResourceQuota } from '../../api/generated/core-v1.ts'
import { subtractQuantities } from '../../api/meta/quantity.ts'
import type { KubeObject } from '../../api/object.ts'
import { undemanded } from '../../api/quota/pod-usage.ts'
import type { Amounts } from '../../api/quota/pod-usage.ts'
import { isInScope } from '../../api/quota/quota-scopes.ts'
import { exceeded, quotaUsage, storageOfName, usageOf } from '../../api/quota/quota-usage.ts'
import { forbidden } from '../verbs/failure.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'

/**
 * Refuses what would go beyond a quota of its namespace. The sum is taken of the objects in the pending head, so that two
 * writes of one moment cannot both take the last of it; the quota's status is its controller's matter.
 */
export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',
  resources: 'all',
  operations: ['CREATE', 'UPDATE'],
  validate(request) {
    const { namespace, head, subresource, resource } = request
    if (namespace === undefined || (subresource !== undefined && subresource !== 'resize')) return
    if (head.count('resourcequotas') === 0 || resource.storage === 'events') return
    for (const { object } of head.list('resourcequotas', { prefix: `${namespace}/` })) {
      check(request, object as ResourceQuota, namespace)
    }
  },
}

function check(request: AdmissionRequest, quota: ResourceQuota, namespace: string): void {
  const { resource, old, head, name } = request
  const object = request.object as Draft<KubeObject> as KubeObject
  const hard = (quota.spec?.hard ?? {}) as Amounts
  const limited = Object.keys(hard).filter((one) => storageOfName(one) === resource.storage)
  if (limited.length === 0 || !isInScope(quota, resource.storage, object)) return
  if (resource.storage === 'pods' && old === undefined) refuseUndemanded(request, quota, limited)
  const more = increase(usageOf(resource.storage, object), old && usageOf(resource.storage, old))
  if (!limited.some((one) => more[one] !== undefined)) return
  const used = quotaUsage(quota, (storage) => objectsOf(head, storage, namespace))
  const beyond = exceeded(hard, used, more)
  if (beyond.length === 0) return
  const text = (amounts: Amounts) => beyond.map((one) => `${one}=${amounts[one] ?? '0'}`).join(',')
  const why = `requested: ${text(more)}, used: ${text(used)}, limited: ${text(hard)}`
  throw forbidden(resource.type, name, `exceeded quota: ${quota.metadata.name ?? ''}, ${why}`)
}

function* objectsOf(head: AdmissionRequest['head'], storage: string, namespace: string): Iterable<KubeObject> {
  for (const { object } of head.list(storage, { prefix: `${namespace}/` })) yield object
}

function refuseUndemanded({ object, resource, name }: AdmissionRequest, quota: ResourceQuota, limited: string[]): void {
  const lacking = undemanded(object as unknown as Pod, limited)
  if (lacking.length === 0) return
  throw forbidden(resource.type, name, `failed quota: ${quota.metadata.name ?? ''}: must specify ${lacking.join('; ')}`)
}

function increase(after: Amounts, before: Amounts | undefined): Amounts {
  if (before === undefined) return after
  return Object.fromEntries(
    Object.entries(after).map(([name, amount]) => [name, subtractQuantities(amount, before[name] ?? '0')]),
  )
}
