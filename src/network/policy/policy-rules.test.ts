import { expect, test } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import type { NetworkPolicy, NetworkPolicySpec } from '../../api/generated/networking-v1.ts'
import { policyRules } from './policy-rules.ts'

function pod(name: string, ip: string, labels: Record<string, string>, namespace = 'n'): Pod {
  const ports = [{ name: 'web', containerPort: 8080, protocol: 'TCP' }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'main', ports }] },
    status: { phase: 'Running', podIP: ip },
  } as Pod
}

const PODS = [
  pod('server', '10.0.0.1', { app: 'server' }),
  pod('friend', '10.0.0.2', { app: 'friend' }),
  pod('other', '10.0.0.3', { app: 'other' }),
  pod('far', '10.0.0.4', { app: 'friend' }, 'm'),
  { ...pod('done', '10.0.0.1', { app: 'server' }), status: { phase: 'Succeeded', podIP: '10.0.0.9' } },
]

const policy = (spec: NetworkPolicySpec): NetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'n', name: 'p' },
  spec,
})

function rulesOf(...specs: readonly NetworkPolicySpec[]) {
  const namespaces = ['n', 'm', 'kube-system'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
  }))
  const view = {
    policies: specs.map(policy),
    pods: PODS,
    namespaces,
    hostAddress: '10.0.0.254',
    dnsAddress: '10.96.0.10',
  }
  return Object.fromEntries(policyRules(view).chains)
}

const server = { podSelector: { matchLabels: { app: 'server' } } }
const friends = { podSelector: { matchLabels: { app: 'friend' } } }

test('policies: a pod that one selects has what all of them allow and no more, others are left alone', () => {
  expect(rulesOf(server)).toEqual({ 'to-10.0.0.1': ['drop'] })
  expect(rulesOf({ ...server, ingress: [{}] })).toEqual({ 'to-10.0.0.1': ['accept', 'drop'] })
  const one = {
    ...server,
    ingress: [{ from: [friends], ports: [{ port: 80 }, { port: 90, endPort: 99, protocol: 'UDP' }] }],
  }
  const two = { ...server, ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.1/32'] } }] }] }
  expect(rulesOf(one, two)).toEqual({
    'to-10.0.0.1': [
      'ip saddr { 10.0.0.2 } meta l4proto tcp th dport 80 accept',
      'ip saddr { 10.0.0.2 } meta l4proto udp th dport 90-99 accept',
      'ip saddr 192.0.2.0/24 ip saddr != 192.0.2.1/32 accept',
      'drop',
    ],
  })
})

test('policies: a namespace selector alone means all pods there, with a pod selector those of both', () => {
  const m = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'm' } } }
  const lines = (peer: object) => rulesOf({ ...server, ingress: [{ from: [peer] }] })['to-10.0.0.1']
  expect(lines(m)).toEqual(['ip saddr { 10.0.0.4 } accept', 'drop'])
  expect(lines({ namespaceSelector: {}, ...friends })).toEqual(['ip saddr { 10.0.0.2, 10.0.0.4 } accept', 'drop'])
  expect(lines({ ...m, podSelector: { matchLabels: { app: 'none' } } })).toEqual(['drop'])
})

test('policies: a named port is what the pod calls so', () => {
  expect(rulesOf({ ...server, ingress: [{ ports: [{ port: 'web' }, { port: 'none' }] }] })).toEqual({
    'to-10.0.0.1': ['meta l4proto tcp th dport 8080 accept', 'drop'],
  })
  expect(
    rulesOf({ ...friends, policyTypes: ['Egress'], egress: [{ to: [server], ports: [{ port: 'web' }] }] }),
  ).toEqual({
    'from-10.0.0.2': ['ip daddr 10.0.0.1 meta l4proto tcp th dport 8080 accept', 'drop'],
  })
})

test('policies: who may ask the pods of CoreDNS may ask the name server, at its own address', () => {
  const dns = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
    podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
  }
  const egress = [{ to: [dns], ports: [{ port: 53, protocol: 'UDP' }] }]
  expect(rulesOf({ ...friends, policyTypes: ['Egress'], egress })).toEqual({
    'from-10.0.0.2': ['ct original ip daddr 10.96.0.10 meta l4proto udp ct original proto-dst 53 accept', 'drop'],
  })
})
