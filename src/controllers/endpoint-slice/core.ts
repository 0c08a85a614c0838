import type { Node, Pod, Service } from '../../api/generated/core-v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { endpointSlices } from '../../api/generated/resources.ts'
import { jsonEqual } from '../../api/meta/equal.ts'
import { keyOf } from '../../api/object.ts'
import { keyStringOf } from '../../informer/indexer.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { controllerOf } from '../../reconcile/source.ts'
import { controllerReference } from '../controller-reference.ts'
import { addressTypesOf, endpointOf } from './endpoint.ts'
import type { AddressType } from './endpoint.ts'
import { hint } from './hints.ts'
import type { Hinted } from './hints.ts'
import { pack, portsKey, recycle, rewrite } from './packing.ts'
import type { EndpointGroup, SlicePlan } from './packing.ts'
import { isHeadless, isReachable } from './service-pods.ts'
import { targetPorts } from './service-ports.ts'
import { TRIGGER_TIME } from './trigger-times.ts'
import type { ZoneAllotments } from './zone-allotments.ts'

export const SERVICE_NAME = 'kubernetes.io/service-name'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
export const HEADLESS = 'service.kubernetes.io/headless'
export const SLICE_MANAGER = 'endpointslice-controller.k8s.io'

/** Most endpoints of one slice, and how soon a pod on a node that is not known yet is looked at again. */
const MOST_ENDPOINTS = 100
const UNKNOWN_NODE_MS = 1_000

/** A service with a selector, the pods that it selects, and the slices that carry its name and ours. */
export interface EndpointSliceView {
  readonly service: Service
  readonly pods: readonly Pod[]
  readonly slices: readonly EndpointSlice[]
  readonly nodeOf: (name: string) => Node | undefined
  /** What set this change off, if that is known. */
  readonly triggerTime: string | undefined
  readonly zones: ZoneAllotments
}

/** Writes down where the pods of a service are, in slices by address type and ports. */
export function decideEndpointSlices(view: EndpointSliceView): Decision {
  const { service, slices } = view
  const own = slices.filter((slice) => controllerOf(slice)?.uid === service.metadata.uid)
  const types = addressTypesOf(service)
  const stray = own.filter(({ addressType }) => !types.includes(addressType as AddressType))
  const hinted = types.map((type) => {
    const existing = own.filter(({ addressType }) => addressType === type)
    return hintSlices(view, type, existing, planSlices(view, type, existing))
  })
  for (const { addressType } of stray) view.zones.remove(keyStringOf(service), addressType)
  const notes = hinted.flatMap((each) => each.notes)
  const changes = [
    ...hinted.flatMap(({ plan }) => sliceChanges(plan)),
    ...stray.map(removal),
    ...notes.map(({ type, message }) => event(service, type, hintReason(type), message)),
  ]
  return view.pods.every((pod) => isPlaced(view, pod)) ? { changes } : { changes, requeueAfterMs: UNKNOWN_NODE_MS }
}

const hintReason = (type: string) => (type === 'Normal' ? 'TopologyAwareHintsEnabled' : 'TopologyAwareHintsDisabled')

export function sliceChanges(plan: SlicePlan): Change[] {
  return [
    ...plan.create.map((object): Change => ({ verb: 'create', type: endpointSlices, object })),
    ...plan.update.map((object): Change => ({ verb: 'update', type: endpointSlices, object })),
    ...plan.delete.map(removal),
  ]
}

function removal(slice: EndpointSlice): Change {
  return { verb: 'delete', type: endpointSlices, key: keyOf(slice), uid: slice.metadata.uid! }
}

function planSlices(view: EndpointSliceView, type: AddressType, existing: readonly EndpointSlice[]): SlicePlan {
  const labels = labelsFor(view.service)
  const make = (ports: readonly EndpointPort[], endpoints: readonly Endpoint[]) => {
    return sliceFor(view, type, labels, ports, endpoints)
  }
  const isLabelled = (slice: EndpointSlice) => jsonEqual(slice.metadata.labels, labels)
  const groups = groupsOf(view, type)
  if (groups.size > 0) return pack({ existing, groups, most: MOST_ENDPOINTS, make, isLabelled })
  // A service without endpoints has one empty slice, so that all can see that it was looked at.
  const isPlaceholder = (slice: EndpointSlice) =>
    portsKey(slice.ports) === '' && (slice.endpoints ?? []).length === 0 && isLabelled(slice)
  if (existing.length === 1 && isPlaceholder(existing[0]!)) return { create: [], update: [], delete: [] }
  return recycle({ create: [make([], [])], update: [], delete: existing })
}

function hintSlices(
  view: EndpointSliceView,
  family: AddressType,
  existing: readonly EndpointSlice[],
  plan: SlicePlan,
): Hinted {
  const { service, zones } = view
  const written = new Set([...plan.update, ...plan.delete].map(({ metadata }) => metadata.name))
  const unchanged = existing.filter(({ metadata }) => !written.has(metadata.name))
  const labels = labelsFor(service)
  const withEndpoints = (slice: EndpointSlice, endpoints: readonly Endpoint[]) =>
    rewrite(slice, sliceFor(view, family, labels, slice.ports ?? [], endpoints))
  return hint({ service, key: keyStringOf(service), family, plan, unchanged, zones, rewrite: withEndpoints })
}

function groupsOf(view: EndpointSliceView, type: AddressType): ReadonlyMap<string, EndpointGroup> {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: Endpoint[] }>()
  for (const pod of view.pods) {
    if (!isReachable(pod) || !isPlaced(view, pod)) continue
    const endpoint = endpointOf(view.service, pod, view.nodeOf(pod.spec?.nodeName ?? ''), type)
    if (endpoint === undefined) continue
    const ports = targetPorts(view.service, pod)
    const key = portsKey(ports)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { ports, endpoints: [endpoint] })
    else group.endpoints.push(endpoint)
  }
  return groups
}

/** A pod on a node that is gone is about to be collected; only who asked for all pods gets it until then. */
function isPlaced({ service, nodeOf }: EndpointSliceView, { spec }: Pod): boolean {
  const { nodeName } = spec ?? {}
  return nodeName === undefined || service.spec?.publishNotReadyAddresses === true || nodeOf(nodeName) !== undefined
}

function labelsFor(service: Service): Readonly<Record<string, string>> {
  const { [SERVICE_NAME]: _, [MANAGED_BY]: __, [HEADLESS]: ___, ...own } = service.metadata.labels ?? {}
  return {
    ...own,
    ...(isHeadless(service) ? { [HEADLESS]: '' } : {}),
    [SERVICE_NAME]: service.metadata.name!,
    [MANAGED_BY]: SLICE_MANAGER,
  }
}

function sliceFor(
  { service, triggerTime }: EndpointSliceView,
  addressType: AddressType,
  labels: Readonly<Record<string, string>>,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace!,
      labels,
      annotations: triggerTime === undefined ? {} : { [TRIGGER_TIME]: triggerTime },
      ownerReferences: [controllerReference(service)],
    },
    addressType,
    ports,
    endpoints,
  }
}
