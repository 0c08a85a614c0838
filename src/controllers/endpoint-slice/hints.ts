import type { Service } from '../../api/generated/core-v1.ts'
import type { Endpoint, EndpointHints, EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { jsonEqual } from '../../api/meta/equal.ts'
import type { SlicePlan } from './packing.ts'
import { allotHints } from './zone-hints.ts'
import type { ZoneAllotments } from './zone-allotments.ts'

/** What is said of hints as an event of the Service. */
export interface HintNote {
  readonly type: 'Normal' | 'Warning'
  readonly message: string
}

export interface Hinting {
  readonly service: Service
  readonly key: string
  readonly family: string
  readonly plan: SlicePlan
  /** Slices that are as they should be but for their hints. */
  readonly unchanged: readonly EndpointSlice[]
  readonly zones: ZoneAllotments
  /** A slice that stays, with other endpoints. */
  readonly rewrite: (slice: EndpointSlice, endpoints: readonly Endpoint[]) => EndpointSlice
}

export interface Hinted {
  readonly plan: SlicePlan
  readonly notes: readonly HintNote[]
}

/**
 * Says of each endpoint which clients it is meant for, after the slices are packed. The annotation has the first word
 * (`service.kubernetes.io/topology-mode`: zones get endpoints by their processors), then `trafficDistribution` (each zone or node its
 * own endpoints); without either there are no hints, and those that are there go.
 */
export function hint(hinting: Hinting): Hinted {
  const { service, key, family, zones } = hinting
  if (wantsZones(service)) {
    const { plan, unchanged } = hinting
    const allotted = allotHints([...plan.create, ...plan.update], unchanged, zones.shares)
    if (allotted.kind === 'none') {
      zones.remove(key, family)
      return { plan: withHints(hinting, none), notes: [{ type: 'Warning', message: `${allotted.why}, ${of(family)}` }] }
    }
    const isNew = !zones.has(key)
    zones.set(key, family, allotted.allotment)
    const notes = isNew ? [{ type: 'Normal', message: `${ENABLED}, ${of(family)}` } as const] : []
    return { plan: withHints(hinting, (endpoint) => allotted.hints.get(endpoint), allotted.kept), notes }
  }
  const notes = zones.has(key) ? [{ type: 'Warning', message: `${DISABLED}, ${of(family)}` } as const] : []
  zones.remove(key, family)
  return { plan: withHints(hinting, hintsNearby(service)), notes }
}

const ENABLED = 'Topology Aware Hints has been enabled'
const DISABLED = 'Topology Aware Hints has been disabled'
const of = (family: string) => `addressType: ${family}`

/** The older name of the annotation wins where both are there. */
function wantsZones({ metadata: { annotations = {} } }: Service): boolean {
  const mode =
    annotations['service.kubernetes.io/topology-aware-hints'] ?? annotations['service.kubernetes.io/topology-mode']
  return mode === 'Auto' || mode === 'auto'
}

type HintsOf = (endpoint: Endpoint) => EndpointHints | undefined

const none: HintsOf = () => undefined
const CLOSE = new Set(['PreferClose', 'PreferSameZone', 'PreferSameNode'])

function hintsNearby({ spec }: Service): HintsOf {
  const near = spec?.trafficDistribution ?? ''
  if (!CLOSE.has(near)) return none
  return ({ conditions, zone, nodeName }) => {
    if (conditions?.ready !== true) return undefined
    const forZones = zone === undefined ? {} : { forZones: [{ name: zone }] }
    const forNodes = nodeName === undefined || near !== 'PreferSameNode' ? {} : { forNodes: [{ name: nodeName }] }
    const hints = { ...forNodes, ...forZones }
    return Object.keys(hints).length === 0 ? undefined : hints
  }
}

/** The plan with these hints; slices that would stay are written where theirs differ, unless they are to be `kept`. */
function withHints(
  { plan, unchanged, rewrite }: Hinting,
  hintsOf: HintsOf,
  kept: ReadonlySet<EndpointSlice> = new Set(),
): SlicePlan {
  const hinted = (slice: EndpointSlice): EndpointSlice =>
    isHinted(slice, hintsOf)
      ? slice
      : { ...slice, endpoints: (slice.endpoints ?? []).map((one) => withHint(one, hintsOf)) }
  const changed = unchanged.filter((slice) => !kept.has(slice) && !isHinted(slice, hintsOf))
  return {
    create: plan.create.map(hinted),
    update: [
      ...plan.update.map(hinted),
      ...changed.map((slice) =>
        rewrite(
          slice,
          (slice.endpoints ?? []).map((one) => withHint(one, hintsOf)),
        ),
      ),
    ],
    delete: plan.delete,
  }
}

function isHinted({ endpoints }: EndpointSlice, hintsOf: HintsOf): boolean {
  return (endpoints ?? []).every((endpoint) => sameHints(endpoint.hints, hintsOf(endpoint)))
}

const sameHints = (one: EndpointHints | undefined, other: EndpointHints | undefined) =>
  one === other || jsonEqual(one, other)

function withHint(endpoint: Endpoint, hintsOf: HintsOf): Endpoint {
  const { hints: _, ...plain } = endpoint
  const hints = hintsOf(endpoint)
  return hints === undefined ? plain : { ...plain, hints }
}
