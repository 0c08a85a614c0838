import type { EndpointAddress, Endpoints, EndpointSubset, Service } from '../../api/generated/core-v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { jsonEqual } from '../../api/meta/equal.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import { controllerReference } from '../controller-reference.ts'
import { MANAGED_BY, SERVICE_NAME, sliceChanges } from '../endpoint-slice/core.ts'
import { addressTypeOf } from '../endpoint-slice/endpoint.ts'
import type { AddressType } from '../endpoint-slice/endpoint.ts'
import { pack, portsKey } from '../endpoint-slice/packing.ts'
import type { EndpointGroup, SlicePlan } from '../endpoint-slice/packing.ts'
import { LEADER } from '../endpoints/core.ts'

export const MIRROR_MANAGER = 'endpointslicemirroring-controller.k8s.io'
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror'
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Most addresses of a subset that are mirrored, all in one slice. */
const MOST_ADDRESSES = 1000

/** Endpoints that somebody wrote, the service of that name, and the slices that mirror them. */
export interface MirrorView {
  readonly endpoints: Endpoints | undefined
  readonly service: Service | undefined
  readonly slices: readonly EndpointSlice[]
}

/** Copies Endpoints that people write for services without a selector into slices, which is what proxies read. */
export function decideMirror({ endpoints, service, slices }: MirrorView): Decision {
  const isMirrored = endpoints !== undefined && isForMirror(endpoints) && isServed(service)
  const subsets = isMirrored ? (endpoints.subsets ?? []) : []
  const plans = (['IPv4', 'IPv6'] as const).map((type): SlicePlan => {
    const existing = slices.filter(({ addressType }) => addressType === type)
    if (!isMirrored) return { create: [], update: [], delete: existing }
    const labels = labelsFor(endpoints)
    const annotations = annotationsFor(endpoints)
    return pack({
      existing,
      groups: groupsOf(subsets, type),
      most: MOST_ADDRESSES,
      make: (ports, own) => sliceFor(endpoints, type, labels, annotations, ports, own),
      isLabelled: ({ metadata }) =>
        jsonEqual(metadata.labels, labels) && jsonEqual(metadata.annotations ?? {}, annotations),
    })
  })
  return { changes: plans.flatMap(sliceChanges) }
}

function isForMirror({ metadata }: Endpoints): boolean {
  if (metadata.deletionTimestamp !== undefined) return false
  return metadata.labels?.[SKIP_MIRROR] !== 'true' && metadata.annotations?.[LEADER] === undefined
}

/** A service with a selector has slices of its own. */
function isServed(service: Service | undefined): boolean {
  return service !== undefined && (service.spec?.selector === undefined || service.spec.selector === null)
}

function groupsOf(subsets: readonly EndpointSubset[], type: AddressType): ReadonlyMap<string, EndpointGroup> {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: Endpoint[] }>()
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const all = [
      ...addresses.map((address) => endpointOf(address, true)),
      ...notReadyAddresses.map((address) => endpointOf(address, false)),
    ]
    const own = all.slice(0, MOST_ADDRESSES).filter((one) => addressTypeOf(one.addresses[0]!) === type)
    if (own.length === 0) continue
    const named = ports.map(({ name = '', protocol = 'TCP', ...port }) => ({ name, protocol, ...port }))
    const key = portsKey(named)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { ports: named, endpoints: own })
    else group.endpoints.push(...own)
  }
  return groups
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname !== undefined && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    ...(targetRef !== undefined && { targetRef }),
  }
}

function labelsFor({ metadata }: Endpoints): Readonly<Record<string, string>> {
  return { ...metadata.labels, [SERVICE_NAME]: metadata.name!, [MANAGED_BY]: MIRROR_MANAGER }
}

function annotationsFor({ metadata }: Endpoints): Readonly<Record<string, string>> {
  const { [LAST_APPLIED]: _, ...rest } = metadata.annotations ?? {}
  return rest
}

function sliceFor(
  owner: Endpoints,
  addressType: AddressType,
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace!,
      labels,
      annotations,
      ownerReferences: [controllerReference(owner)],
    },
    addressType,
    ports,
    endpoints,
  }
}
