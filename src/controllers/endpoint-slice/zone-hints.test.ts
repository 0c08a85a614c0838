import { expect, test } from 'vitest'
import type { Node } from '../../api/generated/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { allotHints } from './zone-hints.ts'
import { isOverloaded, zoneShares } from './zone-shares.ts'

/** Endpoints of a slice by their zones, `-` for one that is not ready. */
function slice(zones: string, hints = ''): EndpointSlice {
  const endpoints = [...zones].map((zone, i): Endpoint => {
    const forZones = hints[i] === undefined || hints[i] === '-' ? {} : { hints: { forZones: [{ name: hints[i] }] } }
    return {
      addresses: [`10.0.0.${i}`],
      conditions: { ready: zone !== '-' },
      zone: zone === '-' ? 'a' : zone,
      ...forZones,
    }
  })
  const head = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: {} }
  return { ...head, addressType: 'IPv4', endpoints }
}

/** The zone that each endpoint of all slices is meant for afterwards. */
function hinted(
  shares: Record<string, number>,
  changing: readonly EndpointSlice[],
  unchanged: readonly EndpointSlice[] = [],
) {
  const result = allotHints(changing, unchanged, new Map(Object.entries(shares)))
  if (result.kind === 'none') return result.why
  return [...changing, ...unchanged].map((one) =>
    one.endpoints
      .map(
        (endpoint) => (result.kept.has(one) ? endpoint.hints : result.hints.get(endpoint))?.forZones?.[0]?.name ?? '-',
      )
      .join(''),
  )
}

const HALVES = { a: 0.5, b: 0.5 }

// What is expected here was worked out by hand from `topologycache` of Kubernetes 1.34.
test('hints by zone: where each zone has its part every endpoint is for its own', () => {
  expect(hinted(HALVES, [slice('aabb-')])).toEqual(['aabb-'])
})

test('hints by zone: zones with more than their part give to those with less', () => {
  expect(hinted(HALVES, [slice('aaaa')])).toEqual(['bbaa'])
  expect(hinted({ a: 0.25, b: 0.75 }, [slice('aabb')])).toEqual(['babb'])
})

test('hints by zone: hints that will do stay in slices that need not change', () => {
  expect(hinted(HALVES, [slice('b')], [slice('aab', 'aba')])).toEqual(['b', 'aba'])
  expect(hinted(HALVES, [slice('b')], [slice('aab', 'aaa')])).toEqual(['b', 'aab'])
})

test('hints by zone: too few endpoints, too uneven zones and endpoints without one have no hints', () => {
  expect(hinted(HALVES, [slice('a-')])).toBe('Insufficient number of endpoints (1 endpoints, 2 zones)')
  expect(hinted({ a: 0.9, b: 0.1 }, [slice('ab')])).toBe(
    'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (2 endpoints, 2 zones)',
  )
  const { endpoints, ...rest } = slice('ab')
  const [first, second] = endpoints as [Endpoint, Endpoint]
  const { zone: _, ...zoneless } = second
  expect(hinted(HALVES, [{ ...rest, endpoints: [first, zoneless] }])).toBe(
    'One or more endpoints do not have a zone specified',
  )
})

function node(zone: string | undefined, cpu: string, more: Record<string, string> = {}, ready = 'True'): Node {
  const labels = { ...more, ...(zone !== undefined && { 'topology.kubernetes.io/zone': zone }) }
  const status = { allocatable: { cpu }, conditions: [{ type: 'Ready', status: ready }] }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', labels }, status } as Node
}

test("shares of zones: ready nodes' processors, unless one node does not say where it is", () => {
  const [a, b] = [node('a', '3'), node('b', '1000m')]
  expect(zoneShares([a, b, node('c', '8', {}, 'False')])).toEqual(new Map(Object.entries({ a: 0.75, b: 0.25 })))
  expect(zoneShares([a, b, node('c', '8', { 'node-role.kubernetes.io/control-plane': '' })])?.size).toBe(2)
  expect([zoneShares([a]), zoneShares([a, b, node(undefined, '1')])]).toEqual([undefined, undefined])
})

test('overload: a zone with fewer endpoints than its part, less a sixth, or no zones any more', () => {
  const allotment = new Map([
    ['a', 5],
    ['b', 5],
  ])
  const shares = (a: number) => new Map(Object.entries({ a, b: 1 - a }))
  expect([isOverloaded(allotment, shares(0.6)), isOverloaded(allotment, shares(0.61))]).toEqual([false, true])
  expect([isOverloaded(allotment, undefined), isOverloaded(new Map(), undefined)]).toEqual([true, false])
})
