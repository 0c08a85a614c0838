import type { Node, Pod, PodSpec } from '../src/api/generated/core-v1.ts'

/** One of the shapes of Kubernetes' `test/integration/scheduler_perf`, at any size. */
export interface Shape {
  readonly name: string
  /** What Kubernetes 1.34 asks of itself on 5,000 nodes, in pods a second. */
  readonly gate: number
  readonly goal: number
  readonly nodes: number
  readonly initial: number
  readonly pods: number
  node?(index: number, name: string): Partial<Node['metadata']>
  initialPod(index: number): Pod
  pod(index: number): Pod
  /** A pod that comes once in `every` others. */
  readonly between?: { readonly every: number; pod(index: number): Pod }
}

const image = 'registry.k8s.io/pause:3.10.1'

function pod(
  name: string,
  facts: { cpu?: string; namespace?: string; labels?: Record<string, string>; spec?: Partial<PodSpec> },
): Pod {
  const { cpu = '100m', namespace = 'sched-1', labels, spec } = facts
  const requests = { cpu, memory: '500Mi' }
  const containers = [
    { name: 'pause', image, ports: [{ containerPort: 80 }], resources: { requests, limits: requests } },
  ]
  const metadata = { name, namespace, uid: `uid-${namespace}-${name}`, ...(labels && { labels }) }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, ...spec } }
}

const plain = (prefix: string) => (i: number) => pod(`${prefix}-${i}`, {})
const ZONE = 'topology.kubernetes.io/zone'
const HOST = 'kubernetes.io/hostname'
const NAMESPACES = ['sched-1', 'sched-0']
const zones = (count: number) => (i: number) => ({ labels: { [ZONE]: `zone${i % count}` } })
const term = (color: string, topologyKey: string) => ({
  labelSelector: { matchLabels: { color } },
  topologyKey,
  namespaces: NAMESPACES,
})
const low = (i: number) => pod(`low-${i}`, { cpu: '900m', spec: { terminationGracePeriodSeconds: 0 } })
const high = (cpu: string) => (i: number) => pod(`high-${i}`, { cpu, spec: { priority: 10 } })

const apart = (namespace: string) => (i: number) =>
  pod(`apart-${i}`, {
    namespace,
    labels: { color: 'green' },
    spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('green', HOST)] } } },
  })
const near = (namespace: string) => (i: number) =>
  pod(`near-${i}`, {
    namespace,
    labels: { color: 'blue' },
    spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('blue', ZONE)] } } },
  })
const preferred = (sort: 'podAffinity' | 'podAntiAffinity', color: string, namespace: string) => (i: number) =>
  pod(`preferred-${i}`, {
    namespace,
    labels: { color },
    spec: {
      affinity: {
        [sort]: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term(color, HOST) }],
        },
      },
    },
  })
const inZones = (i: number) => {
  const requirement = { key: ZONE, operator: 'In', values: ['zone1', 'zone2'] }
  const required = { nodeSelectorTerms: [{ matchExpressions: [requirement] }] }
  return pod(`zone-${i}`, {
    spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } },
  })
}
const spreading = (i: number) => {
  const constraint = {
    maxSkew: 5,
    topologyKey: ZONE,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { color: 'blue' } },
  }
  return pod(`spread-${i}`, { labels: { color: 'blue' }, spec: { topologySpreadConstraints: [constraint] } })
}
const onNode = (i: number): Pod => {
  const field = { key: 'metadata.name', operator: 'In', values: ['node-0'] }
  const required = { nodeSelectorTerms: [{ matchFields: [field] }] }
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } }
  const metadata = { name: `daemon-${i}`, namespace: 'sched-1', uid: `daemon-${i}` }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { affinity, containers: [{ name: 'pause', image }] } }
}

/** Sizes as in Kubernetes' performance configuration. */
export const shapes: readonly Shape[] = [
  {
    name: 'basic',
    gate: 270,
    goal: 5000,
    nodes: 5000,
    initial: 1000,
    pods: 10_000,
    initialPod: plain('first'),
    pod: plain('pod'),
  },
  {
    name: 'mixed churn',
    gate: 265,
    goal: 2650,
    nodes: 5000,
    initial: 0,
    pods: 10_000,
    initialPod: plain('first'),
    pod: plain('pod'),
    between: { every: 250, pod: high('9') },
  },
  {
    name: 'node affinity',
    gate: 220,
    goal: 2200,
    nodes: 5000,
    initial: 5000,
    pods: 10_000,
    node: zones(5),
    initialPod: inZones,
    pod: (i) => inZones(i + 1e6),
  },
  {
    name: 'topology spread',
    gate: 85,
    goal: 850,
    nodes: 5000,
    initial: 5000,
    pods: 5000,
    node: zones(3),
    initialPod: plain('first'),
    pod: spreading,
  },
  {
    name: 'required anti-affinity',
    gate: 60,
    goal: 600,
    nodes: 5000,
    initial: 1000,
    pods: 2000,
    initialPod: apart('sched-0'),
    pod: apart('sched-1'),
  },
  {
    name: 'required affinity',
    gate: 35,
    goal: 350,
    nodes: 5000,
    initial: 5000,
    pods: 5000,
    node: () => ({ labels: { [ZONE]: 'zone1' } }),
    initialPod: near('sched-0'),
    pod: near('sched-1'),
  },
  {
    name: 'preferred affinity',
    gate: 90,
    goal: 900,
    nodes: 5000,
    initial: 5000,
    pods: 5000,
    initialPod: preferred('podAffinity', 'red', 'sched-0'),
    pod: preferred('podAffinity', 'red', 'sched-1'),
  },
  {
    name: 'preferred anti-affinity',
    gate: 90,
    goal: 900,
    nodes: 5000,
    initial: 5000,
    pods: 5000,
    initialPod: preferred('podAntiAffinity', 'yellow', 'sched-0'),
    pod: preferred('podAntiAffinity', 'yellow', 'sched-1'),
  },
  {
    name: 'unschedulable',
    gate: 140,
    goal: 1400,
    nodes: 5000,
    initial: 200,
    pods: 10_000,
    initialPod: plain('first'),
    pod: plain('pod'),
    between: { every: 50, pod: high('9') },
  },
  {
    name: 'asynchronous preemption',
    gate: 160,
    goal: 1600,
    nodes: 5000,
    initial: 20_000,
    pods: 5000,
    initialPod: low,
    pod: plain('pod'),
    between: { every: 32, pod: high('3') },
  },
  {
    name: 'daemon set on 15,000',
    gate: 390,
    goal: 3900,
    nodes: 15_000,
    initial: 0,
    pods: 30_000,
    initialPod: plain('first'),
    pod: onNode,
  },
]

export function benchNode(shape: Shape, index: number): Node {
  const name = `node-${index}`
  const pods = shape.name.startsWith('daemon') && index === 0 ? '90000' : '110'
  const extra = shape.node?.(index, name)
  const metadata = { name, labels: { [HOST]: name, ...extra?.labels } }
  const amounts = { cpu: '4', memory: '32Gi', pods }
  return { apiVersion: 'v1', kind: 'Node', metadata, status: { capacity: amounts, allocatable: amounts } }
}
