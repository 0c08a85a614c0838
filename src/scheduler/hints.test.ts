import { expect, test } from 'vitest'
import type { Node, Pod } from '../api/generated/core-v1.ts'
import { systemEnvironment } from '../env/system.ts'
import type { ClusterEvent } from '../placement/framework.ts'
import { createProfiles } from '../placement/profiles.ts'
import { createHints, nodeChanges, podChanges } from './hints.ts'
import { createSchedulingQueue } from './queue.ts'

const hints = createHints(createProfiles().values())

const pod = (name: string, more: Partial<Pod> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [] },
  ...more,
})

/** Kubernetes' rule: what each plugin registers for in EventsToRegister. */
test.each<[string, readonly ClusterEvent[], readonly ClusterEvent[]]>([
  ['NodeResourcesFit', ['pod-gone', 'pod-resized', 'node-added', 'node-allocatable'], ['node-labels', 'claims']],
  ['NodeAffinity', ['node-added', 'node-labels'], ['pod-gone', 'node-taints', 'node-allocatable']],
  ['TaintToleration', ['node-added', 'node-taints'], ['pod-gone', 'node-labels']],
  ['NodeUnschedulable', ['node-added', 'node-unschedulable'], ['pod-gone', 'node-labels']],
  ['NodeName', ['node-added'], ['pod-gone', 'node-labels']],
  ['VolumeBinding', ['claims', 'volumes', 'classes', 'node-added', 'csi-nodes', 'capacities'], ['pod-gone']],
  ['NodeVolumeLimits', ['csi-nodes', 'node-added', 'pod-gone', 'attachments'], ['node-labels']],
  ['VolumeZone', ['classes', 'node-added', 'node-labels', 'claims', 'volumes'], ['pod-gone']],
])('a pod that %s turned away is tried again by %j, and not by %j', (plugin, helpful, useless) => {
  const about: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }
  const can = (event: ClusterEvent) => hints(pod('waits'), new Set([plugin]), event, about)
  expect(helpful.filter((event) => !can(event))).toEqual([])
  expect(useless.filter(can)).toEqual([])
})

test('a pod that several plugins turned away is tried again by what helps against any, and one of an unknown plugin by all', () => {
  const of = (...names: string[]) => hints(pod('p'), new Set(names), 'node-taints', undefined)
  expect([of('NodeAffinity', 'TaintToleration'), of('NodeAffinity'), of('Unknown'), of()]).toEqual([
    true,
    false,
    true,
    true,
  ])
})

const onPort = (hostPort: number, name = 'other') =>
  pod(name, { spec: { nodeName: 'n', containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort }] }] } })

test('a pod that waits for a port is tried again when who has that port goes, not when any other does', () => {
  const waits = onPort(8080, 'waits')
  const can = (gone: Pod) => hints(waits, new Set(['NodePorts']), 'pod-gone', gone)
  expect([can(onPort(8080)), can(onPort(9090))]).toEqual([true, false])
})

const affine = (app: string): Pod => {
  const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app } } }
  const podAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [term] }
  return pod('waits', { spec: { containers: [], affinity: { podAffinity } } })
}

test('a pod that wants to be near others is tried again when one of those comes', () => {
  const comes = (app: string) => pod('comes', { metadata: { name: 'comes', namespace: 'default', labels: { app } } })
  const can = (app: string) => hints(affine('web'), new Set(['InterPodAffinity']), 'pod-added', comes(app))
  expect([can('web'), can('db')]).toEqual([true, false])
})

test('who keeps others away wakes them when it goes', () => {
  const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } }
  const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [term] }
  const keepsAway = pod('goes', { spec: { containers: [], affinity: { podAntiAffinity } } })
  const waits = (app: string) => pod('waits', { metadata: { name: 'waits', namespace: 'default', labels: { app } } })
  const can = (app: string) => hints(waits(app), new Set(['InterPodAffinity']), 'pod-gone', keepsAway)
  expect([can('web'), can('db')]).toEqual([true, false])
})

test('the members of a gang wake one another, and nobody else', () => {
  const member = (group: string): Pod => {
    const annotations = { 'scheduling.shoal.dev/gang-size': '3' }
    const labels = { 'scheduling.shoal.dev/gang': group }
    return pod(group, { metadata: { name: group, namespace: 'default', labels, annotations } })
  }
  const can = (about: Pod) => hints(member('a'), new Set(['Gang']), 'group', about)
  expect([can(member('a')), can(member('b'))]).toEqual([true, false])
})

test('a heartbeat of a node wakes nobody; labels, taints, room and cordons do, each by its name', () => {
  const node = (more: Partial<Node>): Node => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, ...more })
  const before = node({ status: { allocatable: { cpu: '1' }, conditions: [] } })
  const beats = { type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z' }
  expect(nodeChanges(node({ status: { allocatable: { cpu: '1' }, conditions: [beats] } }), before)).toEqual([])
  const other = node({
    metadata: { name: 'n', labels: { a: 'b' } },
    spec: { taints: [{ key: 'a', effect: 'NoSchedule' }], unschedulable: true },
    status: { allocatable: { cpu: '2' } },
  })
  expect(nodeChanges(other, before)).toEqual(['node-allocatable', 'node-labels', 'node-taints', 'node-unschedulable'])
})

/** Kubernetes' rule: UpdatePodScaleDown, by what the status says is in force too. */
test('a pod that gives something back wakes others: when its node has taken it, not when its spec asks for less', () => {
  const resized = (asked: string, inForce: string): Pod =>
    pod('p', {
      metadata: { name: 'p', namespace: 'default', generation: 2 },
      spec: { nodeName: 'n', containers: [{ name: 'main', resources: { requests: { cpu: asked } } }] },
      status: {
        containerStatuses: [
          { name: 'main', resources: { requests: { cpu: inForce } }, allocatedResources: { cpu: inForce } },
        ],
      } as unknown as NonNullable<Pod['status']>,
    })
  const labels = resized('2', '2').metadata
  const same = (one: Pod): Pod => ({ ...one, metadata: labels })
  expect(podChanges(same(resized('1', '2')), same(resized('2', '2')))).toEqual([])
  expect(podChanges(same(resized('1', '1')), same(resized('1', '2')))).toEqual(['pod-resized'])
  expect(podChanges(same(resized('3', '1')), same(resized('1', '1')))).toEqual([])
})

test('an unschedulable pod stays where it is through what cannot help it, and becomes active by what can', () => {
  const queue = createSchedulingQueue(systemEnvironment(), () => {}, hints)
  queue.put(pod('p'))
  queue.unschedulable(queue.pop()!, new Set(['NodeAffinity']))
  queue.wake('pod-gone', pod('other'))
  queue.wake('node-taints')
  expect(queue.sizes()).toEqual({ active: 0, backingOff: 0, unschedulable: 1 })
  queue.wake('node-labels', { metadata: { name: 'n' } })
  expect(queue.sizes().unschedulable).toBe(0)
  expect(queue.pop()?.key).toBe('default/p')
  queue.close()
})
