import { expect, test } from 'vitest'
import type { Pod, PodSpec } from '../api/generated/core-v1.ts'
import { podDns } from './pod-dns.ts'

const CLUSTER = { server: '10.96.0.10', port: 53, domain: 'cluster.local', isLazy: false }
const HOST = 'search example.com\nnameserver 192.0.2.1\noptions edns0\n'

function dnsOf(spec: Partial<PodSpec>, cluster: typeof CLUSTER | undefined = CLUSTER) {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'ns', name: 'p' }, spec } as Pod
  return podDns(pod, cluster, HOST)
}

// The kubelet's rules (pkg/kubelet/network/dns).
const FIRST = {
  servers: ['10.96.0.10'],
  searches: ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.com'],
  options: ['ndots:5'],
}

test('dns of pods: ClusterFirst asks the cluster, with the namespace first and what the node searches last', () => {
  expect(dnsOf({})).toEqual(FIRST)
  expect(dnsOf({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' })).toEqual(FIRST)
})

test("dns of pods: Default, or ClusterFirst in the host's network, is the node's own", () => {
  const config = { nameservers: ['198.51.100.1'], options: [{ name: 'ndots', value: '2' }] }
  const node = { servers: ['192.0.2.1', '198.51.100.1'], searches: ['example.com'], options: ['edns0', 'ndots:2'] }
  expect(dnsOf({ dnsPolicy: 'Default', dnsConfig: config })).toEqual(node)
  expect(dnsOf({ hostNetwork: true, dnsConfig: config })).toEqual(node)
  expect(dnsOf({ dnsPolicy: 'Default' })).toEqual({ servers: [], searches: [] })
})

test('dns of pods: None has what the pod says; what it says is added to ClusterFirst, its options over others', () => {
  const dnsConfig = {
    nameservers: ['198.51.100.1', '10.96.0.10'],
    searches: ['my.example', 'cluster.local'],
    options: [{ name: 'ndots', value: '1' }, { name: 'edns0' }],
  }
  expect(dnsOf({ dnsPolicy: 'None', dnsConfig })).toEqual({
    servers: dnsConfig.nameservers,
    searches: dnsConfig.searches,
    options: ['ndots:1', 'edns0'],
  })
  expect(dnsOf({ dnsConfig })).toEqual({
    servers: ['10.96.0.10', '198.51.100.1'],
    searches: [...FIRST.searches, 'my.example'],
    options: ['ndots:1', 'edns0'],
  })
})

test('dns of pods: where the name server is on another port than resolvers ask, only its programs are told', () => {
  const shifted = { server: '127.224.0.10', port: 10_053, domain: 'cluster.local', isLazy: true }
  const resolver = { address: '127.224.0.10:10053', searches: FIRST.searches, ndots: 5 }
  expect(dnsOf({}, shifted)).toEqual({ servers: [], searches: [], options: [], resolver })
  expect(dnsOf({}, { ...shifted, port: 53 })).toEqual({
    ...FIRST,
    servers: ['127.224.0.10', '192.0.2.1'],
    resolver: { ...resolver, address: '127.224.0.10:53' },
  })
})
