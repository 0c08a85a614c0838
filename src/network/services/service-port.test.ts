import { expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../../api/generated/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { servicePorts } from './service-port.ts'

function service(spec: Partial<ServiceSpec> = {}): Service {
  const whole = { clusterIPs: ['10.96.0.9'], ports: [{ name: 'http', port: 80 }], ...spec }
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'n', name: 's' }, spec: whole } as Service
}

function slice(endpoints: readonly (Partial<Endpoint> & { readonly ip: string })[], port = 8080): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'n', name: `s-${port}` },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: endpoints.map(({ ip, ...more }) => ({ addresses: [ip], ...more })),
  } as EndpointSlice
}

const onHere = (node: string | undefined) => node === 'here'
const ready = { ready: true, serving: true, terminating: false }
const ending = { ready: false, serving: true, terminating: true }
const ended = { ready: false, serving: false, terminating: true }

test('service ports: of each slice the port of the same name, from all slices', () => {
  const [port] = servicePorts(service(), [slice([{ ip: '10.0.0.1' }]), slice([{ ip: '10.0.0.2' }], 9090)], onHere)
  expect(port).toMatchObject({ id: 'n/s:http', protocol: 'TCP', port: 80, clusterIps: ['10.96.0.9'] })
  expect(port?.internal).toEqual([
    { ip: '10.0.0.1', port: 8080 },
    { ip: '10.0.0.2', port: 9090 },
  ])
})

test('service ports: pods that end are used only where none is ready, and only while they serve (KEP-1669)', () => {
  const all = [
    { ip: '10.0.0.1', conditions: ready },
    { ip: '10.0.0.2', conditions: ending },
    { ip: '10.0.0.3', conditions: ended },
  ]
  const ips = (endpoints: typeof all) =>
    servicePorts(service(), [slice(endpoints)], onHere)[0]?.internal.map(({ ip }) => ip)
  expect(ips(all)).toEqual(['10.0.0.1'])
  expect(ips(all.slice(1))).toEqual(['10.0.0.2'])
  expect(ips(all.slice(2))).toEqual([])
})

test('service ports: with the policy Local only pods of this machine are targets, for within or without', () => {
  const all = [
    slice([
      { ip: '10.0.0.1', nodeName: 'here' },
      { ip: '10.0.0.2', nodeName: 'there' },
    ]),
  ]
  const counts = (spec: Partial<ServiceSpec>) =>
    servicePorts(service(spec), all, onHere).map(({ internal, external }) => [internal.length, external.length])
  expect(counts({})).toEqual([[2, 2]])
  expect(counts({ internalTrafficPolicy: 'Local' })).toEqual([[1, 2]])
  expect(counts({ type: 'NodePort', externalTrafficPolicy: 'Local' })).toEqual([[2, 1]])
})

test('service ports: headless and external ones have no address to balance at', () => {
  expect(servicePorts(service({ clusterIPs: ['None'] }), [slice([{ ip: '10.0.0.1' }])], onHere)).toEqual([])
  expect(servicePorts(service({ type: 'ExternalName', clusterIPs: [] }), [], onHere)).toEqual([])
})
