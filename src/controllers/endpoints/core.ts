import type { Endpoints, Pod, Service } from '../../api/generated/core-v1.ts'
import { endpoints as endpointsType } from '../../api/generated/resources.ts'
import { jsonEqual } from '../../api/meta/equal.ts'
import { keyOf } from '../../api/object.ts'
import type { Change, Note } from '../../reconcile/change.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { HEADLESS } from '../endpoint-slice/core.ts'
import { hasSelector, isHeadless } from '../endpoint-slice/service-pods.ts'
import { TRIGGER_TIME } from '../endpoint-slice/trigger-times.ts'
import { countOf, MOST_ADDRESSES, subsetsOf, truncate } from './subsets.ts'

export const ENDPOINTS_MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
export const ENDPOINTS_MANAGER = 'endpoint-controller'
export const LEADER = 'control-plane.alpha.kubernetes.io/leader'
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity'

/** A service, the pods that it selects, and the Endpoints of its name. */
export interface EndpointsView {
  readonly service: Service | undefined
  readonly pods: readonly Pod[]
  readonly endpoints: Endpoints | undefined
  /** What set this change off, if that is known. */
  readonly triggerTime: string | undefined
}

/** Writes down where the pods of a service are, in the one object that older clients read. */
export function decideEndpoints({ service, pods, endpoints, triggerTime }: EndpointsView): Decision {
  if (service === undefined) return endpoints === undefined ? SETTLED : { changes: forget(endpoints) }
  if (!hasSelector(service) || service.metadata.deletionTimestamp !== undefined) return SETTLED
  const all = subsetsOf(service, pods)
  const isOver = countOf(all) > MOST_ADDRESSES
  const subsets = isOver ? truncate(all) : all
  const labels = {
    ...service.metadata.labels,
    ...(isHeadless(service) ? { [HEADLESS]: '' } : {}),
    [ENDPOINTS_MANAGED_BY]: ENDPOINTS_MANAGER,
  }
  const { [TRIGGER_TIME]: _, [OVER_CAPACITY]: was, ...kept } = endpoints?.metadata.annotations ?? {}
  const isSame =
    endpoints !== undefined &&
    jsonEqual(endpoints.subsets ?? [], subsets) &&
    jsonEqual(endpoints.metadata.labels, labels) &&
    isOver === (was !== undefined)
  if (isSame) return SETTLED
  const annotations = {
    ...kept,
    ...(triggerTime === undefined ? {} : { [TRIGGER_TIME]: triggerTime }),
    ...(isOver ? { [OVER_CAPACITY]: 'truncated' } : {}),
  }
  const { name, namespace } = service.metadata
  const metadata = { name: name!, namespace: namespace!, ...endpoints?.metadata, labels, annotations }
  return { changes: [write({ apiVersion: 'v1', kind: 'Endpoints', metadata, subsets }, endpoints === undefined)] }
}

function write(object: Endpoints, isNew: boolean): Change {
  const { namespace, name } = object.metadata
  const failed = (error: Error): Note => {
    const reason = isNew ? 'FailedToCreateEndpoint' : 'FailedToUpdateEndpoint'
    const what = isNew ? `create endpoint for service ${namespace}/${name}` : `update endpoint ${namespace}/${name}`
    return { about: object, type: 'Warning', reason, message: `Failed to ${what}: ${error.message}` }
  }
  return { verb: isNew ? 'create' : 'update', type: endpointsType, object, failed }
}

/** Endpoints go with their service; those by which leaders are elected never had one. */
function forget(endpoints: Endpoints): Change[] {
  if (endpoints.metadata.annotations?.[LEADER] !== undefined) return []
  return [{ verb: 'delete', type: endpointsType, key: keyOf(endpoints), uid: endpoints.metadata.uid! }]
}
