import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Pod, PodSpec } from '../src/api/generated/core-v1.ts'
import { eventsV1, pods } from '../src/api/generated/resources.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import type { Cluster } from '../src/cluster/cluster.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { GANG, GANG_DEADLINE, GANG_SIZE } from '../src/placement/gang.ts'

const namespace = 'default'
let cluster: Cluster

// Simulated nodes have 32 CPUs each.
beforeEach(async () => {
  cluster = await createCluster({ env: systemEnvironment('error'), nodes: 2, runtime: 'simulated' })
  await cluster.ready
})

afterEach(() => cluster.close())

function pod(name: string, cpu: string, spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  const containers = [{ name: 'main', image: 'node:24', resources: { requests: { cpu } } }]
  const facts = { terminationGracePeriodSeconds: 0, containers, ...spec }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, ...metadata }, spec: facts }
}

const create = (wanted: Pod) => cluster.client.create(pods, wanted)

/** Resolves to the pod once it is as wanted. */
function see(name: string, isSo: (pod: Pod) => boolean): Promise<Pod> {
  const seen = Promise.withResolvers<Pod>()
  const watch = cluster.client.watch(
    pods,
    { namespace, fieldSelector: `metadata.name=${name}` },
    {
      events(events) {
        for (const { type, object } of events)
          if (type !== 'BOOKMARK' && isSo(object as Pod)) seen.resolve(object as Pod)
      },
      closed: (error) => seen.reject(error ?? new Error('the watch was closed')),
    },
  )
  return seen.promise.finally(() => watch.close())
}

const isBound = ({ spec }: Pod) => (spec?.nodeName ?? '') !== ''
const told = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message ?? ''
const gang = (size: number, deadline = '10m') => ({
  labels: { [GANG]: 'team' },
  annotations: { [GANG_SIZE]: String(size), [GANG_DEADLINE]: deadline },
})

test('a pod of higher priority takes the place of a lesser one, which is told why it goes', async () => {
  await create(pod('lesser-1', '30', { priority: 0 }))
  await create(pod('lesser-2', '30', { priority: 0 }))
  await Promise.all(['lesser-1', 'lesser-2'].map((name) => see(name, isBound)))
  const names = ['lesser-1', 'lesser-2']
  const gone = Promise.any(names.map((name) => see(name, ({ metadata }) => metadata.deletionTimestamp !== undefined)))
  await create(pod('greater', '30', { priorityClassName: 'system-cluster-critical' }))
  const victim = await gone
  expect(victim.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: 'default-scheduler: preempting to accommodate a higher priority pod',
  })
  const greater = await see('greater', isBound)
  expect(greater.spec?.nodeName).toBe(victim.spec?.nodeName)
  const { items } = await cluster.client.list(eventsV1, { namespace })
  expect(items.find(({ reason }) => reason === 'Preempted')?.note).toBe(
    `Preempted by pod ${greater.metadata.uid} on node ${victim.spec?.nodeName}`,
  )
})

test('a gang waits for its last member, and for room for all of them', async () => {
  await create(pod('filler', '20'))
  await see('filler', isBound)
  await create(pod('g1', '16', {}, gang(3)))
  expect(told(await see('g1', (each) => told(each) !== ''))).toBe('gang "team" waits for 2 more of its 3 pods')
  await create(pod('g2', '16', {}, gang(3)))
  await create(pod('g3', '16', {}, gang(3)))
  const turnedAway = await see('g3', (each) => told(each).includes('pods fit'))
  expect(told(turnedAway)).toBe(
    'gang "team": 2 of 3 pods fit, all have to; 0/2 nodes are available: 2 Insufficient cpu.',
  )
  const { items } = await cluster.client.list(pods, { namespace, labelSelector: GANG })
  expect(items.filter(isBound)).toEqual([])
  await cluster.client.delete(pods, { namespace, name: 'filler' })
  await Promise.all(['g1', 'g2', 'g3'].map((name) => see(name, isBound)))
})

test('a gang that cannot be whole again is taken off its nodes at its deadline', async () => {
  await Promise.all(['g1', 'g2'].map((name) => create(pod(name, '1', {}, gang(2, '300ms')))))
  await Promise.all(['g1', 'g2'].map((name) => see(name, isBound)))
  await cluster.client.delete(pods, { namespace, name: 'g2' })
  await create(pod('g3', '64', {}, gang(2, '300ms')))
  const left = await see('g1', ({ metadata }) => metadata.deletionTimestamp !== undefined)
  expect(left.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason).toBe('GangDeadline')
})
