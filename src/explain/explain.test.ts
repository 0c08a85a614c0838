import { expect, test } from 'vitest'
import type { Node, Pod, PodSpec } from '../api/generated/core-v1.ts'
import { systemEnvironment } from '../env/system.ts'
import type { KubeObject } from '../api/object.ts'
import { viewOf } from '../placement/cluster-view.ts'
import type { ViewKind } from '../placement/cluster-view.ts'
import { explainPod } from './explain-pod.ts'
import { plan } from './plan.ts'
import type { Snapshot } from './trial.ts'

function node(name: string, spec: Node['spec'] = {}, labels: Record<string, string> = {}): Node {
  const metadata = { name, labels: { 'kubernetes.io/hostname': name, ...labels } }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata,
    spec,
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } },
  }
}

function pod(name: string, cpu: string, spec: Partial<PodSpec> = {}): Pod {
  const containers = [{ name: 'main', image: 'node:24', resources: { requests: { cpu } } }]
  const metadata = { name, namespace: 'x', uid: name }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, ...spec }, status: { phase: 'Pending' } }
}

const snapshot = (nodes: readonly Node[], pods: readonly Pod[] = []): Snapshot => ({
  view: viewOf(nodes, pods),
  random: systemEnvironment('error').random,
})

test('a pod that asks too much is told the numbers per node and what it could have', () => {
  const explained = explainPod(snapshot([node('a')], [pod('there', '1', { nodeName: 'a' })]), pod('p', '6'))
  expect(explained.nodes).toMatchObject([
    {
      node: 'a',
      plugin: 'NodeResourcesFit',
      amounts: [{ resource: 'cpu', asked: 6000, free: 3000, allocatable: 4000 }],
      waitingHelps: 'no',
    },
  ])
  expect(explained.fix).toEqual({ change: 'ask for cpu 3 in place of 6', changes: 'pod', node: 'a' })
})

test('where others hold what is asked, waiting may help', () => {
  const explained = explainPod(snapshot([node('a')], [pod('there', '3', { nodeName: 'a' })]), pod('p', '2'))
  expect(explained.nodes[0]?.waitingHelps).toBe('perhaps')
})

test('of several changes the one that a trial proves is named: a label that no node has, not the taint', () => {
  const taints = [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }]
  const cluster = snapshot([node('a'), node('b', { taints })])
  const explained = explainPod(cluster, pod('p', '1', { nodeSelector: { disk: 'ssd' } }))
  expect(explained.fix).toEqual({ change: 'drop the node selector disk=ssd', changes: 'pod', node: 'a' })
})

test('a cordoned node is named as what to change', () => {
  const explained = explainPod(snapshot([node('a', { unschedulable: true })]), pod('p', '1'))
  expect(explained.fix).toEqual({ change: 'uncordon node a', changes: 'node', node: 'a' })
})

test('two things in the way take two changes', () => {
  const explained = explainPod(snapshot([node('a')]), pod('p', '6', { nodeSelector: { disk: 'ssd' } }))
  expect(explained.fix?.change).toBe('drop the node selector disk=ssd, and ask for cpu 4 in place of 6')
})

test('a pod with gates waits for whoever set them', () => {
  const explained = explainPod(snapshot([node('a')]), pod('p', '1', { schedulingGates: [{ name: 'a.b/wait' }] }))
  expect(explained.reasons).toEqual([
    { source: 'SchedulingGates', message: 'waiting for scheduling gates: [a.b/wait]', waitingHelps: 'perhaps' },
  ])
})

test('a pod that would fit is told what its scheduler says, or that nobody known goes by that name', () => {
  const message = 'gang "g" waits for 2 more of its 3 pods'
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }]
  const waiting = explainPod(snapshot([node('a')]), { ...pod('p', '1'), status: { phase: 'Pending', conditions } })
  expect(waiting).toMatchObject({
    state: 'Pending: by itself it fits 1 node, a the best; its scheduler waits',
    reasons: [{ source: 'default-scheduler', message }],
  })
  const foreign = explainPod(snapshot([node('a')]), pod('p', '1', { schedulerName: 'nobody' }))
  expect(foreign.reasons).toMatchObject([
    { source: 'Scheduler', message: 'nobody known here schedules pods that ask for "nobody" (spec.schedulerName)' },
  ])
})

test('a pod on a node that is not there, or has fallen silent, is told so', () => {
  const gone = explainPod(snapshot([node('a')]), pod('p', '1', { nodeName: 'b' }))
  expect(gone.reasons).toEqual([{ source: 'node b', message: 'there is no such node', waitingHelps: 'no' }])
  const message = 'Kubelet stopped posting node status.'
  const silent = node('a')
  const conditions = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message }]
  const status = { ...silent.status, conditions }
  const explained = explainPod(snapshot([{ ...silent, status }]), pod('p', '1', { nodeName: 'a' }))
  expect(explained.reasons).toMatchObject([{ source: 'node a', message: `not ready: ${message}` }])
})

test('a pod whose readiness gates are not met is told which', () => {
  const message = 'corresponding condition of pod readiness gate "a.b/ready" does not exist.'
  const conditions = [{ type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message }]
  const running: Pod = { ...pod('p', '1', { nodeName: 'a' }), status: { phase: 'Running', conditions } }
  expect(explainPod(snapshot([node('a')]), running).reasons).toMatchObject([
    { source: 'ReadinessGatesNotReady', message },
  ])
})

test('a plan says where pods go, whom they displace, and what does not fit', () => {
  const cluster = snapshot([node('a')], [pod('lesser', '3', { nodeName: 'a', priority: 1 })])
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: pod('', '2').spec?.containers ?? [], priorityClassName: 'high' },
  }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'x' },
    spec: { replicas: 3, template },
  }
  const planned = plan(cluster, [deployment], new Map([['high', 100]]))
  expect(planned.map(({ name, node: where, preempts }) => [name, where, preempts])).toEqual([
    ['web-0', 'a', ['x/lesser']],
    ['web-1', 'a', []],
    ['web-2', undefined, []],
  ])
  expect(planned[2]?.why).toContain('1 Insufficient cpu')
})

const claiming = (claimName: string) =>
  pod('p', '1', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] })
const storageClass = (name: string, provisioner: string, annotations = {}): readonly [ViewKind, KubeObject] => [
  'StorageClass',
  { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name, annotations }, provisioner } as KubeObject,
]
const claim = (storageClassName: string): readonly [ViewKind, KubeObject] => [
  'PersistentVolumeClaim',
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'x', name: 'data' },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  } as KubeObject,
]
const USUAL = storageClass('usual', 'example.com/p', { 'storageclass.kubernetes.io/is-default-class': 'true' })

test.each([
  ['a claim that is missing', [USUAL], 'create the claim "data" (its class is "usual" by default)'],
  ['a claim and all classes missing', [], 'create the claim "data", with a class or a volume for it'],
  [
    'a class that is missing',
    [USUAL, claim('fast')],
    'create the class "fast", or make the claim "data" anew with a class that is there ("usual")',
  ],
  [
    'a volume that is missing',
    [claim('')],
    'create a volume of 1Gi (ReadWriteOnce) without a class for the claim "data"',
  ],
] as const)('of %s it is said what to create, since a trial with it finds a node', (_what, others, change) => {
  const { random } = systemEnvironment('error')
  const cluster = { view: viewOf([node('a')], [], others), random }
  expect(explainPod(cluster, claiming('data')).fix).toEqual({ change, changes: 'cluster', node: 'a' })
  expect(cluster.view.volumes.size).toBe(0)
  expect(cluster.view.claims.size).toBe(others.filter(([kind]) => kind === 'PersistentVolumeClaim').length)
})

test('a claim proposes nothing where a trial with a volume finds no node either', () => {
  const large = { ...claiming('data'), spec: { ...claiming('data').spec!, nodeSelector: { no: 'where' } } }
  expect(explainPod(snapshot([node('a')]), large).fix).toBeUndefined()
})

test('a plan names the budgets that it breaks, and what it has taken of them', () => {
  const guarded = (name: string): Pod => {
    const there = pod(name, '2', { nodeName: 'a', priority: 1 })
    return { ...there, metadata: { ...there.metadata, labels: { app: 'guarded' } } }
  }
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { namespace: 'x', name: 'kept' },
    spec: { selector: { matchLabels: { app: 'guarded' } } },
    status: { disruptionsAllowed: 1 },
  } as unknown as KubeObject
  const others = [['PodDisruptionBudget', budget]] as const
  const view = viewOf([node('a')], [guarded('one'), guarded('two')], others)
  const urgent = ['first', 'second'].map((name) => pod(name, '2', { priority: 100 }))
  const planned = plan({ view, random: systemEnvironment('error').random }, urgent, new Map())
  expect(planned.map(({ preempts, breaks }) => [preempts.length, breaks])).toEqual([
    [1, []],
    [1, ['x/kept']],
  ])
})
