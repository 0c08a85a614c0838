import type { Endpoint, EndpointHints, EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { LEAST_PART } from './zone-shares.ts'
import type { Allotment, ZoneShares } from './zone-shares.ts'

/** Which zone each endpoint is meant for, or why that cannot be said. */
export type ZoneHints =
  | {
      readonly kind: 'hints'
      readonly hints: ReadonlyMap<Endpoint, EndpointHints>
      readonly allotment: Allotment
      /** Of the slices that need not change, those whose hints will do. */
      readonly kept: ReadonlySet<EndpointSlice>
    }
  | { readonly kind: 'none'; readonly why: string }

const TOO_LITTLE_KNOWN = 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes'
const TOO_FEW = 'Insufficient number of endpoints'
const TOO_UNEVEN = 'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold'
const ZONELESS = 'One or more endpoints do not have a zone specified'

/**
 * Gives zones endpoints by their part of the processors, after Kubernetes' `topologycache`: hints that are there and will do stay, so that
 * few slices are written; every other endpoint is first meant for its own zone; zones with more than their part then give to those
 * with less. `changing` are the slices that are written anyway.
 */
export function allotHints(
  changing: readonly EndpointSlice[],
  unchanged: readonly EndpointSlice[],
  shares: ZoneShares | undefined,
): ZoneHints {
  const total = readyIn([...changing, ...unchanged]).length
  const wanted = shares === undefined ? TOO_LITTLE_KNOWN : partsOf(total, shares)
  if (typeof wanted === 'string') return { kind: 'none', why: wanted }
  const allotment = new Map<string, number>()
  const add = (zone: string, count: number) => allotment.set(zone, (allotment.get(zone) ?? 0) + count)
  const kept = new Set<EndpointSlice>()
  for (const slice of unchanged) {
    const present = hintedZones(slice, allotment, wanted)
    if (present === undefined) continue
    kept.add(slice)
    for (const [zone, count] of present) add(zone, count)
  }
  const free = readyIn([...changing, ...unchanged.filter((slice) => !kept.has(slice))])
  if (free.some(({ zone = '' }) => zone === '')) return { kind: 'none', why: ZONELESS }
  const zoneOf = new Map(free.map((endpoint) => [endpoint, endpoint.zone!]))
  for (const zone of zoneOf.values()) add(zone, 1)
  for (const [endpoint, zone] of redistributed(free, exchangeOf(wanted, allotment))) {
    add(endpoint.zone!, -1)
    add(zone, 1)
    zoneOf.set(endpoint, zone)
  }
  const hints = new Map([...zoneOf].map(([endpoint, name]) => [endpoint, { forZones: [{ name }] }]))
  return { kind: 'hints', hints, allotment, kept }
}

function readyIn(slices: readonly EndpointSlice[]): readonly Endpoint[] {
  return slices.flatMap(({ endpoints }) => (endpoints ?? []).filter(isReady))
}

const isReady = ({ conditions }: Endpoint) => conditions?.ready === true

interface Part {
  readonly desired: number
  readonly most: number
}

/** What each zone is to have of so many endpoints, or why they cannot be divided. */
function partsOf(total: number, shares: ZoneShares): ReadonlyMap<string, Part> | string {
  const counted = `(${total} endpoints, ${shares.size} zones)`
  if (shares.size > total) return `${TOO_FEW} ${counted}`
  const least = new Map([...shares].map(([zone, share]) => [zone, Math.ceil(share * total * LEAST_PART)]))
  const leastOfAll = [...least.values()].reduce((sum, one) => sum + one, 0)
  if (leastOfAll > total) return `${TOO_UNEVEN} ${counted}`
  return new Map(
    [...shares].map(([zone, share]) => {
      const own = least.get(zone)!
      return [zone, { desired: Math.max(share * total, own), most: own + total - leastOfAll }]
    }),
  )
}

/** The hints of a slice by zone; undefined where one is missing, names a zone that is none, or would be one too many for its zone. */
function hintedZones(
  slice: EndpointSlice,
  allotment: Allotment,
  wanted: ReadonlyMap<string, Part>,
): ReadonlyMap<string, number> | undefined {
  const found = new Map<string, number>()
  for (const { hints } of readyIn([slice])) {
    const names = hints?.forZones ?? []
    if (names.length === 0) return undefined
    for (const { name } of names) found.set(name, (found.get(name) ?? 0) + 1)
  }
  const fits = [...found].every(([zone, count]) => (allotment.get(zone) ?? 0) + count <= (wanted.get(zone)?.most ?? -1))
  return fits ? found : undefined
}

interface Exchange {
  readonly giving: Map<string, number>
  readonly receiving: Map<string, number>
}

/** How many endpoints each zone gives away or gets: whole ones, while both sides are off by half an endpoint and one by a whole. */
function exchangeOf(wanted: ReadonlyMap<string, Part>, allotment: Allotment): Exchange {
  const [over, under] = [new Map<string, number>(), new Map<string, number>()]
  for (const [zone, { desired }] of wanted) {
    const difference = (allotment.get(zone) ?? 0) - desired
    if (difference > 0) over.set(zone, difference)
    else if (difference < 0) under.set(zone, -difference)
  }
  const exchange: Exchange = { giving: new Map(), receiving: new Map() }
  const move = (zone: string, from: Map<string, number>, to: Map<string, number>) => {
    from.set(zone, from.get(zone)! - 1)
    to.set(zone, (to.get(zone) ?? 0) + 1)
  }
  for (;;) {
    const [giver, receiver] = [most(over), most(under)]
    if (giver === undefined || receiver === undefined) return exchange
    const [gives, gets] = [over.get(giver)!, under.get(receiver)!]
    if ((gives < 1 && gets < 1) || gives < 0.5 || gets < 0.5) return exchange
    move(giver, over, exchange.giving)
    move(receiver, under, exchange.receiving)
  }
}

function most(zones: ReadonlyMap<string, number>): string | undefined {
  const all = [...zones].filter(([, number]) => number > 0).sort(([, a], [, b]) => b - a)
  return all[0]?.[0]
}

/** Endpoints that are meant for another zone than their own. */
function redistributed(endpoints: readonly Endpoint[], { giving, receiving }: Exchange): Map<Endpoint, string> {
  const moved = new Map<Endpoint, string>()
  for (const endpoint of endpoints) {
    const gives = giving.get(endpoint.zone!) ?? 0
    const receiver = [...receiving].find(([, count]) => count > 0)?.[0]
    if (receiver === undefined) return moved
    if (gives === 0) continue
    moved.set(endpoint, receiver)
    giving.set(endpoint.zone!, gives - 1)
    receiving.set(receiver, receiving.get(receiver)! - 1)
  }
  return moved
}
