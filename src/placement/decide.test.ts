import { expect, test } from 'vitest'
import type { Node, Pod } from '../api/generated/core-v1.ts'
import { systemEnvironment } from '../env/system.ts'
import { podRequests } from '../placement/pod-requests.ts'
import { decide } from './decide.ts'
import { createClusterView } from './cluster-view.ts'
import { findPreemption } from './preemption.ts'
import { createProfiles } from './profiles.ts'
import { unschedulableMessage } from './unschedulable-message.ts'

type Facts = Pick<Node, 'spec'> & { readonly labels?: Record<string, string> }

function node(name: string, cpu: string, memory: string, facts: Facts = {}): Node {
  const { labels = {}, ...rest } = facts
  const allocatable = { cpu, memory, pods: '110' }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, status: { allocatable }, ...rest }
}

function pod(name: string, requests: Record<string, string> = {}, spec: Partial<Pod['spec']> = {}): Pod {
  const containers = [{ name: 'main', image: 'node:24', resources: { requests } }]
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'x' }, spec: { containers, ...spec } }
}

function clusterOf(nodes: readonly Node[]) {
  const view = createClusterView()
  const { table } = view
  for (const each of nodes) table.putNode(each)
  const profiles = createProfiles()
  const { random } = systemEnvironment()
  const placement = (wanted: Pod, profile = 'default-scheduler') => {
    const cycle = { pod: wanted, requests: podRequests(wanted), table, view, random }
    const chosen = profiles.get(profile)
    if (chosen === undefined) throw new Error(`no profile ${profile}`)
    const found = decide(cycle, chosen).placement
    if (found.placed) return found.nodeName
    const preemption = findPreemption(cycle, found.filters, found.diagnosis)
    return unschedulableMessage(found.diagnosis, preemption.found ? undefined : preemption.message)
  }
  return {
    view,
    table,
    placeOn: (wanted: Pod, profile?: string) => {
      const found = placement(wanted, profile)
      if (table.slotOf(found) !== undefined) table.addPod(wanted, found)
      return found
    },
  }
}

test('the default profile spreads by what is least allocated', () => {
  const cluster = clusterOf([node('a', '4', '8Gi'), node('b', '4', '8Gi')])
  const first = cluster.placeOn(pod('p1', { cpu: '1', memory: '1Gi' }))
  const second = cluster.placeOn(pod('p2', { cpu: '1', memory: '1Gi' }))
  expect(new Set([first, second])).toEqual(new Set(['a', 'b']))
})

// The words are those of Kubernetes 1.34's FailedScheduling events.
test('a pod that asks too much is told so per resource, in the words of Kubernetes', () => {
  const cluster = clusterOf([node('node1', '2', '24Gi')])
  expect(cluster.placeOn(pod('big', { cpu: '500', memory: '900Gi' }))).toBe(
    '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. no new claims to deallocate, ' +
      'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  )
})

test('a node selector that no node has is told in the words of Kubernetes', () => {
  const cluster = clusterOf([node('node1', '2', '24Gi')])
  expect(cluster.placeOn(pod('picky', {}, { nodeSelector: { disk: 'ssd' } }))).toContain(
    "1 node(s) didn't match Pod's node affinity/selector",
  )
})

test('a taint keeps pods away that do not tolerate it', () => {
  const taints = [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }]
  const cluster = clusterOf([node('a', '4', '8Gi', { spec: { taints } })])
  expect(cluster.placeOn(pod('p'))).toContain('1 node(s) had untolerated taint(s)')
  const tolerations = [{ key: 'gpu', operator: 'Exists' }]
  expect(cluster.placeOn(pod('q', {}, { tolerations }))).toBe('a')
})

test('a host port is given once on a node', () => {
  const cluster = clusterOf([node('a', '4', '8Gi')])
  const containers = [{ name: 'm', image: 'node:24', ports: [{ containerPort: 80, hostPort: 8080 }] }]
  expect(cluster.placeOn(pod('p', {}, { containers }))).toBe('a')
  expect(cluster.placeOn(pod('q', {}, { containers }))).toContain(
    "1 node(s) didn't have free ports for the requested pod ports",
  )
})

test('no node is promised more than it has', () => {
  const cluster = clusterOf([node('a', '2', '8Gi'), node('b', '1', '8Gi')])
  const places = ['p', 'q', 'r', 's'].map((name) => cluster.placeOn(pod(name, { cpu: '1' })))
  expect(places.slice(0, 3).sort()).toEqual(['a', 'a', 'b'])
  expect(places[3]).toContain('2 Insufficient cpu')
})

// best-score: the sum of available / requested: a gives 4 + 8/1, b gives 8 + 2/1.
test('best-score takes the node that could hold the pod most often', () => {
  const cluster = clusterOf([node('a', '4', '8Gi'), node('b', '8', '2Gi')])
  expect(cluster.placeOn(pod('p', { cpu: '1', memory: '1Gi' }), 'best-score')).toBe('a')
})

test('least-remaining fills the fullest node that fits', () => {
  const cluster = clusterOf([node('a', '4', '8Gi'), node('b', '2', '2Gi')])
  expect(cluster.placeOn(pod('p', { cpu: '1', memory: '1Gi' }), 'least-remaining')).toBe('b')
  expect(cluster.placeOn(pod('q', { cpu: '1', memory: '3Gi' }), 'least-remaining')).toBe('a')
})

test('round-robin takes the nodes in turn', () => {
  const cluster = clusterOf([node('a', '4', '8Gi'), node('b', '4', '8Gi'), node('c', '4', '8Gi')])
  const places = ['p', 'q', 'r', 's'].map((name) => cluster.placeOn(pod(name), 'round-robin'))
  expect(places).toEqual(['a', 'b', 'c', 'a'])
})

test('random takes every node that fits, sooner or later', () => {
  const cluster = clusterOf([node('a', '64', '99Gi'), node('b', '64', '99Gi'), node('c', '0', '0')])
  const places = new Set(Array.from({ length: 64 }, (_, i) => cluster.placeOn(pod(`p${i}`, { cpu: '1m' }), 'random')))
  expect(places).toEqual(new Set(['a', 'b']))
})
