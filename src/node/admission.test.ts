import { expect, test } from 'vitest'
import type { Node, Pod, PodSpec } from '../api/generated/core-v1.ts'
import { refusalOf } from './admission.ts'

const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node1', labels: { disk: 'ssd' } },
  status: { allocatable: { cpu: '2', memory: '1Gi', pods: '3' } },
}
const pod = (spec: Partial<PodSpec>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'main' }], ...spec },
})
const asks = (requests: Record<string, string>) => pod({ containers: [{ name: 'main', resources: { requests } }] })
const onPort = (hostPort: number) => pod({ containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort }] }] })
const sets = (name: string, more: Partial<PodSpec> = {}) =>
  pod({ securityContext: { sysctls: [{ name, value: '1' }] }, ...more })
const out = (resource: string, numbers: string) => ({
  reason: `OutOf${resource}`,
  message: `Node didn't have enough resource: ${resource}, ${numbers}`,
})

// The kubelet's admission: what the scheduler checks, once more, for pods that were bound by somebody else.
test.each([
  { title: 'room for it', pod: asks({ cpu: '1' }), others: [asks({ cpu: '1' })], refusal: undefined },
  {
    title: 'too little cpu, in thousandths',
    pod: asks({ cpu: '1500m' }),
    others: [asks({ cpu: '600m' })],
    refusal: out('cpu', 'requested: 1500, used: 600, capacity: 2000'),
  },
  {
    title: 'too little memory, in bytes',
    pod: asks({ memory: '2Gi' }),
    others: [],
    refusal: out('memory', 'requested: 2147483648, used: 0, capacity: 1073741824'),
  },
  {
    title: 'too many pods',
    pod: pod({}),
    others: [pod({}), pod({}), pod({})],
    refusal: out('pods', 'requested: 1, used: 3, capacity: 3'),
  },
  {
    title: 'a resource that the node does not have',
    pod: asks({ 'example.com/gpu': '1' }),
    others: [],
    refusal: out('example.com/gpu', 'requested: 1, used: 0, capacity: 0'),
  },
  {
    title: 'a setting of the kernel that is not for the pod alone',
    pod: sets('net.core.somaxconn'),
    others: [],
    refusal: { reason: 'SysctlForbidden', message: 'forbidden sysctl: "net.core.somaxconn" not allowlisted' },
  },
  {
    title: 'a setting of the network that is the node’s',
    pod: sets('net/ipv4/tcp_syncookies', { hostNetwork: true }),
    others: [],
    refusal: {
      reason: 'SysctlForbidden',
      message: 'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host Net enabled',
    },
  },
  {
    title: 'a setting of its own, by either way to write it',
    pod: sets('net/ipv4/tcp_syncookies', { hostIPC: true }),
    others: [],
    refusal: undefined,
  },
  {
    title: 'a selector that it does not meet',
    pod: pod({ nodeSelector: { disk: 'tape' } }),
    others: [],
    refusal: { reason: 'NodeAffinity', message: 'Predicate NodeAffinity failed' },
  },
  {
    title: 'a host port that is taken',
    pod: onPort(8080),
    others: [onPort(8080)],
    refusal: { reason: 'NodePorts', message: 'Predicate NodePorts failed' },
  },
])('a node with $title: $refusal.reason', ({ pod: asked, others, refusal }) => {
  expect(refusalOf(asked, node, others)).toEqual(refusal)
})
