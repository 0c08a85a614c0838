import { expect, test } from 'vitest'
import type { Pod, Service, ServiceSpec } from '../../api/generated/core-v1.ts'
import type { EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { keyString } from '../../api/object.ts'
import { decideEndpointSlices } from './core.ts'
import { keepAllotments } from './zone-allotments.ts'

function service(spec: Partial<ServiceSpec> = {}): Service {
  const ports = [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }]
  const metadata = { name: 's', namespace: 'default', uid: 's', labels: { team: 'a' } }
  const whole = { selector: { app: 'a' }, clusterIP: '10.96.0.9', ipFamilies: ['IPv4'], ports, ...spec }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: whole }
}

function pod(index: number, containerPort = 8080, more: Partial<Pod['metadata']> = {}): Pod {
  const ports = [{ name: 'web', containerPort, protocol: 'TCP' }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p${index}`, namespace: 'default', uid: `p${index}`, labels: { app: 'a' }, ...more },
    spec: { nodeName: 'n', hostname: `h${index}`, subdomain: 's', containers: [{ name: 'main', ports }] },
    status: {
      phase: 'Running',
      podIPs: [{ ip: `10.0.${Math.floor(index / 250)}.${index % 250}` }, { ip: `fd00::${index}` }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }
}

const many = (count: number) => Array.from({ length: count }, (_, index) => pod(index))

/** Decides and performs, as a server would: the slices that there are afterwards, and how many writes it took. */
function settle(of: Service, pods: readonly Pod[], slices: readonly EndpointSlice[] = []) {
  const zones = keepAllotments(() => undefined)
  const nodeOf = (name: string) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })
  const { changes } = decideEndpointSlices({ service: of, pods, slices, nodeOf, triggerTime: undefined, zones })
  const after = new Map(slices.map((slice) => [keyString(slice.metadata as { name: string }), slice]))
  for (const [index, change] of changes.entries()) {
    if (change.verb === 'delete') after.delete(keyString(change.key))
    if (change.verb !== 'create' && change.verb !== 'update') continue
    const slice = change.object as EndpointSlice
    const named = { name: `s-${slices.length + index}`, uid: `${index}`, ...slice.metadata }
    after.set(keyString(named as { name: string }), { ...slice, metadata: named })
  }
  return { slices: [...after.values()], writes: changes.map(({ verb }) => verb) }
}

const sizes = (slices: readonly EndpointSlice[]) => slices.map(({ endpoints }) => endpoints.length)

test('endpoints fill slices of a hundred, and a second look writes nothing', () => {
  const first = settle(service(), many(250))
  expect(sizes(first.slices)).toEqual([100, 100, 50])
  expect(settle(service(), many(250), first.slices).writes).toEqual([])
})

test('a pod more goes to the slice with room, one less leaves the other slices as they are', () => {
  const { slices } = settle(service(), many(150))
  const grown = settle(service(), many(151), slices)
  expect([grown.writes, sizes(grown.slices)]).toEqual([['update'], [100, 51]])
  const shrunk = settle(service(), many(150).slice(1), slices)
  expect([shrunk.writes, sizes(shrunk.slices)]).toEqual([['update'], [99, 50]])
})

test('a service without pods has one empty slice, which becomes the first real one', () => {
  const empty = settle(service(), [])
  expect(empty.slices).toMatchObject([{ endpoints: [], ports: [] }])
  expect(settle(service(), [], empty.slices).writes).toEqual([])
  const filled = settle(service(), many(1), empty.slices)
  expect([filled.writes, sizes(filled.slices)]).toEqual([['update'], [1]])
  expect(settle(service(), [], filled.slices).writes).toEqual(['update'])
})

test('a named port is looked up on each pod, and each list of ports and each family has slices of its own', () => {
  const { slices } = settle(service({ ipFamilies: ['IPv4', 'IPv6'] }), [pod(1), pod(2, 9090)])
  const seen = slices.map(({ addressType, ports }) => `${addressType} ${ports?.[0]?.name} ${ports?.[0]?.port}`)
  expect(seen).toEqual(['IPv4 http 8080', 'IPv4 http 9090', 'IPv6 http 8080', 'IPv6 http 9090'])
})

test('a terminating pod still serves but is not ready, unless pods that are not ready are published', () => {
  const going = [pod(1, 8080, { deletionTimestamp: '2026-01-01T00:00:00Z' })]
  const conditions = { serving: true, terminating: true }
  const [slice] = settle(service(), going).slices
  expect(slice?.endpoints[0]).toMatchObject({
    hostname: 'h1',
    nodeName: 'n',
    conditions: { ...conditions, ready: false },
  })
  const [published] = settle(service({ publishNotReadyAddresses: true }), going).slices
  expect(published?.endpoints[0]?.conditions).toEqual({ ...conditions, ready: true })
})

test('the slices of a headless service say so, and carry the labels of the service', () => {
  const [slice] = settle(service({ clusterIP: 'None' }), many(1)).slices
  expect(slice?.metadata).toMatchObject({
    generateName: 's-',
    labels: {
      team: 'a',
      'service.kubernetes.io/headless': '',
      'kubernetes.io/service-name': 's',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 's', controller: true, blockOwnerDeletion: true }],
  })
})
