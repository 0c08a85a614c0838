import { expect, test } from 'vitest'
import { kubernetesProfile } from './profiles.ts'
import { clusterOf, node, pod } from './try-cluster.fixture.ts'

const ZONE = 'topology.kubernetes.io/zone'
const HOST = 'kubernetes.io/hostname'
const web = { labels: { app: 'web' } }
const term = (topologyKey: string, app = 'web') => ({ topologyKey, labelSelector: { matchLabels: { app } } })
const apart = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(HOST)] } }
const near = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(ZONE)] } }
const spread = (facts: object = {}) => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: ZONE,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
      ...facts,
    },
  ],
})
const zoned = () => [node('a1', { [ZONE]: 'a' }), node('a2', { [ZONE]: 'a' }), node('b1', { [ZONE]: 'b' })]

// Affinity to a node named by field is settled before nodes are looked at (PreFilterResult).
test('a pod bound to a node by its name is told that the others did not satisfy NodeAffinity', () => {
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }] }
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } }
  const cluster = clusterOf([node('a', {}, { unschedulable: true }), node('b'), node('c')])
  expect(cluster.place(pod('p', { affinity }))).toContain(
    "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
  )
})

test('added affinity of a profile keeps its pods on its nodes', () => {
  const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'pool', operator: 'In', values: ['batch'] }] }] }
  const profile = kubernetesProfile('batch', {
    addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required },
  })
  expect(clusterOf([node('a'), node('b', { pool: 'batch' })]).place(pod('p'), profile)).toBe('b')
  expect(clusterOf([node('a')]).place(pod('p'), profile)).toContain(
    "1 node(s) didn't match scheduler-enforced node affinity",
  )
})

test('pods that want to be apart go to different nodes, and the last one is told why', () => {
  const cluster = clusterOf([node('a'), node('b')])
  const places = ['p', 'q'].map((name) => cluster.place(pod(name, { affinity: apart }, web)))
  expect(new Set(places)).toEqual(new Set(['a', 'b']))
  expect(cluster.place(pod('r', { affinity: apart }, web))).toContain("2 node(s) didn't match pod anti-affinity rules")
})

test('anti-affinity is symmetric: a pod without terms keeps away from those that want it away', () => {
  const cluster = clusterOf([node('a')])
  cluster.put(pod('alone', { affinity: apart }, web), 'a')
  expect(cluster.place(pod('p', {}, web))).toContain("1 node(s) didn't satisfy existing pods anti-affinity rules")
  expect(cluster.place(pod('other', {}, { labels: { app: 'db' } }))).toBe('a')
})

test('the first of pods that want each other near may go anywhere, the next ones to its zone', () => {
  const cluster = clusterOf(zoned())
  const first = cluster.place(pod('p', { affinity: near }, web)).slice(0, 1)
  for (const name of ['q', 'r']) expect(cluster.place(pod(name, { affinity: near }, web)).slice(0, 1)).toBe(first)
  expect(cluster.place(pod('stranger', { affinity: near }))).toMatch(/^[ab]\d$/)
  expect(clusterOf(zoned()).place(pod('stranger', { affinity: near }))).toContain(
    "3 node(s) didn't match pod affinity rules",
  )
})

test('affinity looks into the namespaces that its selector names', () => {
  const namespaceSelector = { matchLabels: { team: 'one' } }
  const required = [{ ...term(ZONE), namespaceSelector }]
  const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } }
  const namespace = (name: string, labels: Record<string, string>) =>
    ['Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }] as const
  const cluster = clusterOf(zoned(), [namespace('theirs', { team: 'one' }), namespace('x', {})])
  cluster.put(pod('elsewhere', {}, { ...web, namespace: 'theirs' }), 'b1')
  expect(cluster.place(pod('p', { affinity }))).toBe('b1')
})

test('spreading keeps zones even, and counts neither what is going nor other namespaces', () => {
  const cluster = clusterOf(zoned())
  cluster.put(pod('going', {}, { ...web, deletionTimestamp: '2026-01-01T00:00:00Z' }), 'b1')
  cluster.put(pod('theirs', {}, { ...web, namespace: 'other' }), 'b1')
  const places = ['p', 'q', 'r', 's'].map((name) => cluster.place(pod(name, spread(), web)).slice(0, 1))
  expect(places.toSorted()).toEqual(['a', 'a', 'b', 'b'])
})

// minDomains: fewer domains than asked for make the least of them count as zero.
test('with fewer domains than asked for, a domain takes no more than the skew', () => {
  const cluster = clusterOf([node('a', { [ZONE]: 'a' })])
  expect(cluster.place(pod('p', spread({ minDomains: 2 }), web))).toBe('a')
  expect(cluster.place(pod('q', spread({ minDomains: 2 }), web))).toContain(
    "1 node(s) didn't match pod topology spread constraints",
  )
})

test('nodes without the label of a constraint say so', () => {
  expect(clusterOf([node('a')]).place(pod('p', spread(), web))).toContain(
    "1 node(s) didn't match pod topology spread constraints (missing required label)",
  )
})

// nodeTaintsPolicy: Honor leaves tainted nodes out of the domains, Ignore (the default) counts them.
test('a zone whose nodes are tainted counts as a domain unless taints are honored', () => {
  const nodes = [
    node('a', { [ZONE]: 'a' }),
    node('b', { [ZONE]: 'b' }, { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
  ]
  const second = (facts: object) => {
    const cluster = clusterOf(nodes)
    cluster.put(pod('p', {}, web), 'a')
    return cluster.place(pod('q', spread(facts), web))
  }
  expect(second({ nodeTaintsPolicy: 'Honor' })).toBe('a')
  expect(second({})).toContain("1 node(s) didn't match pod topology spread constraints")
})

test('pods of a Service spread over nodes though they ask for nothing', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace: 'x' },
    spec: { selector: { app: 'web' } },
  }
  const cluster = clusterOf([node('a'), node('b')], [['Service', service]])
  cluster.put(pod('p', { containers: [{ name: 'm', image: 'i' }] }, web), 'a')
  cluster.put(pod('load', { containers: [{ name: 'm', image: 'i', resources: { requests: { cpu: '500m' } } }] }), 'b')
  expect(cluster.place(pod('q', { containers: [{ name: 'm', image: 'i' }] }, web))).toBe('b')
})

test('an image that is there already draws pods to its node', () => {
  const holder = node('a')
  const images = [{ names: ['big:1'], sizeBytes: 900 * 1024 * 1024 }]
  const cluster = clusterOf([{ ...holder, status: { ...holder.status, images } }, node('b')])
  expect(cluster.place(pod('p', { containers: [{ name: 'm', image: 'big:1' }] }))).toBe('a')
})

test('the most allocated node is filled first where the profile says so', () => {
  const profile = kubernetesProfile('pack', { scoringStrategy: { type: 'MostAllocated' } })
  const cluster = clusterOf([node('a'), node('b')])
  cluster.put(
    pod('p', { containers: [{ name: 'm', image: 'i', resources: { requests: { cpu: '1', memory: '2Gi' } } }] }),
    'b',
  )
  expect(
    cluster.place(
      pod('q', { containers: [{ name: 'm', image: 'i', resources: { requests: { cpu: '1', memory: '2Gi' } } }] }),
      profile,
    ),
  ).toBe('b')
})

const claim = (facts: object = {}) =>
  [
    'PersistentVolumeClaim',
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'x' },
      spec: {
        storageClassName: 'local',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        ...facts,
      },
    },
  ] as const
const storage = (provisioner: string, volumeBindingMode = 'WaitForFirstConsumer') =>
  [
    'StorageClass',
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'local' },
      provisioner,
      volumeBindingMode,
    },
  ] as const
const volumeOn = (name: string, nodeName: string, storageSize: string) => {
  const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: HOST, operator: 'In', values: [nodeName] }] }] }
  const spec = {
    storageClassName: 'local',
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: storageSize },
    nodeAffinity: { required },
  }
  return [
    'PersistentVolume',
    { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name }, spec, status: { phase: 'Available' } },
  ] as const
}
const withClaim = pod('p', { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] })

test('a pod goes where a volume for its claim is to be had', () => {
  const none = storage('kubernetes.io/no-provisioner')
  expect(
    clusterOf(
      [node('a'), node('b')],
      [claim(), none, volumeOn('small', 'a', '1Mi'), volumeOn('fit', 'b', '2Gi')],
    ).place(withClaim),
  ).toBe('b')
  expect(clusterOf([node('a')], [claim(), none]).place(withClaim)).toContain(
    "1 node(s) didn't find available persistent volumes to bind",
  )
  expect(clusterOf([node('a')], [claim(), storage('driver.test')]).place(withClaim)).toBe('a')
})

test('claims that are missing, or bound before pods are placed, hold the pod back in the words of Kubernetes', () => {
  expect(clusterOf([node('a')]).place(withClaim)).toContain(
    '0/1 nodes are available: persistentvolumeclaim "data" not found.',
  )
  expect(clusterOf([node('a')], [claim(), storage('driver.test', 'Immediate')]).place(withClaim)).toContain(
    // The plugin for resource claims is asked what preemption could do, and has no state of its own yet.
    '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found',
  )
})
