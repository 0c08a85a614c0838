import { expect, test } from 'vitest'
import { clusterOf, node, pod } from './try-cluster.fixture.ts'

const asks = (cpu: string, priority: number) => ({
  priority,
  containers: [{ name: 'main', image: 'node:24', resources: { requests: { cpu } } }],
})

test('the fewest pods of the lowest priority make room, and nobody of the same priority', () => {
  const cluster = clusterOf([node('a'), node('b')])
  cluster.put(pod('a1', asks('2', 5)), 'a')
  cluster.put(pod('a2', asks('2', 5)), 'a')
  cluster.put(pod('b1', asks('2', 1)), 'b')
  cluster.put(pod('b2', asks('2', 1)), 'b')
  expect(cluster.look(pod('p', asks('2', 9))).victims).toHaveLength(1)
  expect(['b1', 'b2']).toContain(cluster.look(pod('p', asks('2', 9))).victims[0])
  expect(cluster.look(pod('q', asks('2', 1))).victims).toEqual([])
})

test('a trial leaves the table as it was', () => {
  const cluster = clusterOf([node('a')])
  cluster.put(pod('a1', asks('4', 1)), 'a')
  const before = [...(cluster.view.table.column('cpu')?.requested ?? [])]
  expect(cluster.look(pod('p', asks('4', 9))).victims).toEqual(['a1'])
  expect([...(cluster.view.table.column('cpu')?.requested ?? [])]).toEqual(before)
  expect(cluster.view.table.podsOn(0).map((info) => info.pod.metadata.name)).toEqual(['a1'])
})

test('a node whose victims have a disruption budget to spare is taken before one whose budget would break', () => {
  const budget = (name: string, disruptionsAllowed: number) =>
    [
      'PodDisruptionBudget',
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name, namespace: 'x' },
        spec: { selector: { matchLabels: { app: name } } },
        status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
      },
    ] as const
  const cluster = clusterOf([node('a'), node('b')], [budget('kept', 0), budget('free', 1)])
  cluster.put(pod('a1', asks('4', 1), { labels: { app: 'kept' } }), 'a')
  cluster.put(pod('b1', asks('4', 2), { labels: { app: 'free' } }), 'b')
  expect(cluster.look(pod('p', asks('4', 9))).victims).toEqual(['b1'])
})

test('preemptionPolicy Never is told in the words of Kubernetes', () => {
  const cluster = clusterOf([node('a')])
  cluster.put(pod('a1', asks('4', 1)), 'a')
  const { message, victims } = cluster.look(pod('p', { ...asks('4', 9), preemptionPolicy: 'Never' }))
  expect(victims).toEqual([])
  expect(message).toBe(
    '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
  )
})

test('room that is promised to a pod of higher priority is not given to a lesser one', () => {
  const cluster = clusterOf([node('a')])
  cluster.view.nominations.put(pod('first', asks('3', 9)), 'a')
  expect(cluster.place(pod('lesser', asks('2', 1)))).toContain('1 Insufficient cpu')
  expect(cluster.place(pod('greater', asks('2', 10)))).toBe('a')
})

test('pods that spread are counted as gone in a trial', () => {
  const labels = { app: 'web' }
  const constraint = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: labels },
  }
  const cluster = clusterOf([node('a'), node('b', {}, { unschedulable: true })])
  cluster.put(pod('a1', asks('1', 1), { labels }), 'a')
  const wanted = pod('p', { ...asks('1', 9), topologySpreadConstraints: [constraint] }, { labels })
  expect(cluster.look(wanted).victims).toEqual(['a1'])
})
