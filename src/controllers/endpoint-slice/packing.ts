import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { jsonEqual } from '../../api/meta/equal.ts'

/** Endpoints that are reached by the same ports. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** What becomes of the slices of one service and address type. */
export interface SlicePlan {
  readonly create: readonly EndpointSlice[]
  readonly update: readonly EndpointSlice[]
  readonly delete: readonly EndpointSlice[]
}

export interface Packing {
  readonly existing: readonly EndpointSlice[]
  /** By {@link portsKey}. */
  readonly groups: ReadonlyMap<string, EndpointGroup>
  /** Most endpoints of one slice. */
  readonly most: number
  /** A new slice with these ports. */
  readonly make: (ports: readonly EndpointPort[], endpoints: readonly Endpoint[]) => EndpointSlice
  /** Whether the slice's labels and annotations are as a new slice's would be. */
  readonly isLabelled: (slice: EndpointSlice) => boolean
}

/** One key for all lists of the same ports, whatever their order. */
export function portsKey(ports: readonly EndpointPort[] | undefined): string {
  const texts = (ports ?? []).map(({ name = '', protocol = 'TCP', port, appProtocol = '' }) => {
    return `${name}/${protocol}/${port ?? ''}/${appProtocol}`
  })
  return texts.sort().join()
}

/**
 * Kubernetes' order of preference, which writes as few slices as it can: what is there stays where it is; additions fill
 * slices that change anyway, then the one slice that has room for all the rest, then new ones; a slice that would go
 * becomes one that would come.
 */
export function pack(packing: Packing): SlicePlan {
  const { existing, groups } = packing
  const byPorts = Map.groupBy(existing, ({ ports }) => portsKey(ports))
  const unwanted = existing.filter(({ ports }) => !groups.has(portsKey(ports)))
  const plans = [...groups].map(([key, group]) => packGroup(packing, byPorts.get(key) ?? [], group))
  return recycle({
    create: plans.flatMap((plan) => plan.create),
    update: plans.flatMap((plan) => plan.update),
    delete: [...unwanted, ...plans.flatMap((plan) => plan.delete)],
  })
}

interface Draft {
  readonly slice: EndpointSlice
  endpoints: Endpoint[]
  isChanged: boolean
}

function packGroup(packing: Packing, existing: readonly EndpointSlice[], group: EndpointGroup): SlicePlan {
  const left = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]))
  const drafts = existing.map((slice) => keep(packing, slice, left))
  const gone = drafts.filter(({ endpoints }) => endpoints.length === 0)
  const kept = drafts.filter(({ endpoints }) => endpoints.length > 0)
  const rest = [...left.values()]
  for (const draft of kept) if (draft.isChanged) draft.endpoints.push(...rest.splice(0, roomOf(packing, draft)))
  const create: EndpointSlice[] = []
  while (rest.length > 0) {
    const fitting = kept
      .filter((draft) => !draft.isChanged && roomOf(packing, draft) >= rest.length)
      .sort((a, b) => b.endpoints.length - a.endpoints.length)[0]
    if (fitting === undefined) create.push(packing.make(group.ports, rest.splice(0, packing.most)))
    else {
      fitting.endpoints.push(...rest.splice(0))
      fitting.isChanged = true
    }
  }
  const update = kept
    .filter((draft) => draft.isChanged)
    .map(({ slice, endpoints }) => rewrite(slice, packing.make(group.ports, endpoints)))
  return { create, update, delete: gone.map(({ slice }) => slice) }
}

/** Takes from `left` what this slice has already. */
function keep(packing: Packing, slice: EndpointSlice, left: Map<string, Endpoint>): Draft {
  const endpoints: Endpoint[] = []
  let isChanged = !packing.isLabelled(slice)
  for (const endpoint of slice.endpoints ?? []) {
    const key = identity(endpoint)
    const wanted = left.get(key)
    if (wanted === undefined || !jsonEqual(wanted, withoutHints(endpoint))) isChanged = true
    if (wanted === undefined) continue
    left.delete(key)
    endpoints.push(wanted)
  }
  return { slice, endpoints, isChanged }
}

/** Hints are given after the slices are packed. */
function withoutHints(endpoint: Endpoint): Endpoint {
  if (endpoint.hints === undefined) return endpoint
  const { hints: _, ...plain } = endpoint
  return plain
}

/** Turns slices that would go into those that would come, as far as there are any. */
export function recycle(plan: SlicePlan): SlicePlan {
  const count = Math.min(plan.create.length, plan.delete.length)
  const reused = plan.create.slice(0, count).map((slice, i) => rewrite(plan.delete[i]!, slice))
  return {
    create: plan.create.slice(count),
    update: [...plan.update, ...reused],
    delete: plan.delete.slice(count),
  }
}

/** The slice as it was made, with what the other says. */
export function rewrite(slice: EndpointSlice, next: EndpointSlice): EndpointSlice {
  const { labels, annotations, ownerReferences } = next.metadata
  return { ...next, metadata: { ...slice.metadata, labels, annotations, ownerReferences } as EndpointSlice['metadata'] }
}

function roomOf({ most }: Packing, { endpoints }: Draft): number {
  return Math.max(0, most - endpoints.length)
}

function identity({ targetRef, addresses }: Endpoint): string {
  return targetRef?.uid ?? addresses.join()
}
