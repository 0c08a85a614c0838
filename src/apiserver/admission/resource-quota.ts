import type { Draft } from '../../api/draft.ts'
import type { Pod, ResourceQuota } from '../../api/generated/core-v1.ts'
import { addQuantities, compareQuantities, subtractQuantities } from '../../api/meta/quantity.ts'
import type { KubeObject } from '../../api/object.ts'
import { trackUpdate } from '../../api/patch/managed-fields.ts'
import { undemanded } from '../../api/quota/pod-usage.ts'
import type { Amounts } from '../../api/quota/pod-usage.ts'
import { isInScope } from '../../api/quota/quota-scopes.ts'
import { storageOfName, usageOf } from '../../api/quota/quota-usage.ts'
import { schemaOf } from '../../api/schema/schema.ts'
import { formatTime } from '../../env/clock.ts'
import { forbidden } from '../verbs/failure.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'

const QUOTAS = 'resourcequotas'

/**
 * Refuses what would go beyond a quota of its namespace, and charges the rest to the quota's status in the turn in which the
 * object is written, so that two writes of one moment cannot both take the last of it. As in Kubernetes a quota holds once its
 * controller has written down what is allowed and used; the controller also gives back what was deleted.
 */
export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',
  resources: 'all',
  operations: ['CREATE', 'UPDATE'],
  validate(request) {
    const { namespace, head, subresource, resource } = request
    if (namespace === undefined || (subresource !== undefined && subresource !== 'resize')) return
    if (head.count(QUOTAS) === 0 || resource.storage === 'events') return
    const held: Held[] = []
    for (const { key, object } of head.list(QUOTAS, { prefix: `${namespace}/` })) {
      const one = heldBy(request, key, object as ResourceQuota)
      if (one !== undefined) held.push(one)
    }
    if (held.length > 0) charge(request, held)
  },
}

/** A quota that counts an object of the request, with what it allows and what is used of that. */
interface Held {
  readonly key: string
  readonly quota: ResourceQuota
  readonly hard: Amounts
  readonly used: Amounts
}

function heldBy(request: AdmissionRequest, key: string, quota: ResourceQuota): Held | undefined {
  const { resource, old, name } = request
  const object = request.object as Draft<KubeObject> as KubeObject
  const { hard = {}, used = {} } = (quota.status ?? {}) as { readonly hard?: Amounts; readonly used?: Amounts }
  const limited = Object.keys(hard).filter((one) => storageOfName(one) === resource.storage)
  if (limited.length === 0 || !isInScope(quota, resource.storage, object)) return undefined
  if (resource.storage === 'pods' && old === undefined) refuseUndemanded(request, quota, limited)
  const unknown = limited.filter((one) => used[one] === undefined).sort()
  if (unknown.length === 0) return { key, quota, hard, used }
  const what = `status unknown for quota: ${quota.metadata.name ?? ''}, resources: ${unknown.join(',')}`
  throw forbidden(resource.type, name, what)
}

function refuseUndemanded({ object, resource, name }: AdmissionRequest, quota: ResourceQuota, limited: string[]): void {
  const lacking = undemanded(object as unknown as Pod, limited)
  if (lacking.length === 0) return
  throw forbidden(resource.type, name, `failed quota: ${quota.metadata.name ?? ''}: must specify ${lacking.join('; ')}`)
}

function charge(request: AdmissionRequest, held: readonly Held[]): void {
  const { resource, old, object } = request
  const after = usageOf(resource.storage, object as Draft<KubeObject> as KubeObject)
  const more = increase(after, old && usageOf(resource.storage, old))
  if (Object.keys(more).length === 0) return
  const charged = held.flatMap((one) => chargedBy(request, one, more))
  if (request.dryRun) return
  for (const [key, quota] of charged) request.beside?.push({ type: 'update', resource: QUOTAS, key, object: quota })
}

/** The quota after it; nothing where it does not limit what is asked for. */
function chargedBy(
  { resource, name, environment }: AdmissionRequest,
  { key, quota, hard, used }: Held,
  more: Amounts,
): readonly (readonly [string, KubeObject])[] {
  const requested = Object.keys(more).filter((one) => hard[one] !== undefined)
  if (requested.length === 0) return []
  const next: Amounts = {
    ...used,
    ...Object.fromEntries(requested.map((one) => [one, addQuantities(used[one] ?? '0', more[one] ?? '0')])),
  }
  const beyond = requested.filter((one) => compareQuantities(next[one] ?? '0', hard[one] ?? '0') > 0).sort()
  if (beyond.length > 0) {
    const text = (amounts: Amounts) => beyond.map((one) => `${one}=${amounts[one] ?? '0'}`).join(',')
    const why = `requested: ${text(more)}, used: ${text(used)}, limited: ${text(hard)}`
    throw forbidden(resource.type, name, `exceeded quota: ${quota.metadata.name ?? ''}, ${why}`)
  }
  const object = structuredClone({ ...quota, status: { ...quota.status, used: next } }) as unknown as Draft<KubeObject>
  trackUpdate(schemaOf('io.k8s.api.core.v1.ResourceQuota'), object, quota, {
    manager: 'kube-apiserver',
    subresource: 'status',
    hasStatus: true,
    time: formatTime(environment.clock.now()),
  })
  return [[key, object as KubeObject]]
}

/** What is used more than before, or less; what stays the same is left out. */
function increase(after: Amounts, before: Amounts = {}): Amounts {
  const names = new Set([...Object.keys(after), ...Object.keys(before)])
  const differences = [...names].map(
    (name) => [name, subtractQuantities(after[name] ?? '0', before[name] ?? '0')] as const,
  )
  return Object.fromEntries(differences.filter(([, amount]) => compareQuantities(amount, '0') !== 0))
}
