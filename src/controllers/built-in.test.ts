import { expect, test } from 'vitest'
import type { Job } from '../api/generated/batch-v1.ts'
import type { Pod, PodSpec } from '../api/generated/core-v1.ts'
import {
  configMaps,
  deployments,
  events,
  jobs,
  namespaces,
  pods,
  replicaSets,
  serviceAccounts,
} from '../api/generated/resources.ts'
import { formatTime } from '../env/clock.ts'
import { systemEnvironment } from '../env/system.ts'
import { startControlPlane } from './control-plane.fixture.ts'

/** The status of a pod that ended, as a node reports it. */
function ended(phase: 'Succeeded' | 'Failed', exitCode: number): NonNullable<Pod['status']> {
  const time = formatTime(systemEnvironment().clock.now())
  const state = { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', finishedAt: time } }
  const container = { name: 'main', image: 'node:24', imageID: '', ready: false, restartCount: 0, state }
  return { phase, containerStatuses: [container] }
}

function running(): NonNullable<Pod['status']> {
  const time = formatTime(systemEnvironment().clock.now())
  return { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time }] }
}

const POD: PodSpec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'node:24' }] }

function job(name: string, completions: number): Job {
  const spec = { completions, parallelism: completions, completionMode: 'Indexed', template: { spec: POD } }
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'default' }, spec }
}

const isComplete = (one: Job | undefined) => one?.status?.completionTime !== undefined

test('every namespace gets its default service account and the root CA', async () => {
  await using plane = await startControlPlane()
  await plane.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } })
  await plane.until(serviceAccounts, { namespace: 'team', name: 'default' }, (account) => account !== undefined)
  const map = await plane.until(configMaps, { namespace: 'team', name: 'kube-root-ca.crt' }, (one) => one !== undefined)
  expect(map!.data).toEqual({ 'ca.crt': 'PEM' })
})

test('an Indexed Job of ten runs ten pods once each and settles as a real cluster recorded it', async () => {
  await using plane = await startControlPlane()
  plane.playNode(() => ended('Succeeded', 0))
  await plane.client.create(jobs, job('ten', 10))
  const done = await plane.until(jobs, { namespace: 'default', name: 'ten' }, isComplete)
  const { startTime: _, completionTime: __, conditions, ...status } = done!.status!
  expect(status).toEqual({
    completedIndexes: '0-9',
    ready: 0,
    succeeded: 10,
    terminating: 0,
    uncountedTerminatedPods: {},
  })
  expect(conditions!.map(({ type }) => type)).toEqual(['SuccessCriteriaMet', 'Complete'])
  const all = (await plane.client.list(pods, { namespace: 'default' })).items
  expect(all.map((pod) => pod.metadata.annotations!['batch.kubernetes.io/job-completion-index']).sort()).toEqual([
    ...'0123456789',
  ])
  expect(all.every((pod) => pod.metadata.finalizers === undefined)).toBe(true)
  await plane.manager.close()
  const said = (await plane.client.list(events, { namespace: 'default' })).items
  expect(said.filter(({ reason }) => reason === 'Completed').map(({ message }) => message)).toEqual(['Job completed'])
  expect(plane.manager.status().filter(({ errors }) => errors > 0)).toEqual([])
})

test('deleting a Job takes its pods with it, in the background and in the foreground', async () => {
  await using plane = await startControlPlane()
  plane.playNode(() => ended('Succeeded', 0))
  for (const propagationPolicy of ['Background', 'Foreground'] as const) {
    const name = propagationPolicy.toLowerCase()
    const key = { namespace: 'default', name }
    await plane.client.create(jobs, job(name, 3))
    await plane.until(jobs, key, isComplete)
    const own = (await plane.client.list(pods, { namespace: 'default', labelSelector: `job-name=${name}` })).items
    expect(own).toHaveLength(3)
    await plane.client.delete(jobs, key, { propagationPolicy })
    await plane.until(jobs, key, (one) => one === undefined)
    for (const pod of own) {
      await plane.until(pods, { namespace: 'default', name: pod.metadata.name! }, (one) => one === undefined)
    }
  }
})

test('an orphaning deletion leaves the pods, without an owner', async () => {
  await using plane = await startControlPlane()
  plane.playNode(() => ended('Succeeded', 0))
  const key = { namespace: 'default', name: 'left' }
  await plane.client.create(jobs, job('left', 2))
  await plane.until(jobs, key, isComplete)
  await plane.client.delete(jobs, key, { propagationPolicy: 'Orphan' })
  await plane.until(jobs, key, (one) => one === undefined)
  const left = (await plane.client.list(pods, { namespace: 'default' })).items
  expect(left.map((pod) => pod.metadata.ownerReferences)).toEqual([undefined, undefined])
})

test('a deleted namespace is emptied and goes', async () => {
  await using plane = await startControlPlane()
  await plane.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gone' } })
  const key = { namespace: 'gone', name: 'kube-root-ca.crt' }
  await plane.until(configMaps, key, (map) => map !== undefined)
  const metadata = { name: 'lonely', namespace: 'gone' }
  await plane.until(serviceAccounts, { namespace: 'gone', name: 'default' }, (account) => account !== undefined)
  await plane.client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: POD })
  await plane.client.delete(namespaces, { name: 'gone' })
  await plane.until(namespaces, { name: 'gone' }, (namespace) => namespace === undefined)
  expect((await plane.client.list(configMaps, { namespace: 'gone' })).items).toEqual([])
})

test('a Deployment becomes available and rolls over to a new template in steps', async () => {
  await using plane = await startControlPlane()
  plane.playNode(running)
  const key = { namespace: 'default', name: 'web' }
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { ...POD, restartPolicy: 'Always' } }
  const metadata = { name: 'web', namespace: 'default' }
  const spec = { replicas: 2, selector: { matchLabels: labels }, template }
  await plane.client.create(deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec })
  const isRolledOut = (revision: string) =>
    plane.until(deployments, key, (one) => {
      const progress = one?.status?.conditions?.find(({ type }) => type === 'Progressing')
      const isSeen = one?.status?.observedGeneration === one?.metadata.generation
      const isNamed = one?.metadata.annotations?.['deployment.kubernetes.io/revision'] === revision
      return isSeen && isNamed && progress?.reason === 'NewReplicaSetAvailable' && one?.status?.replicas === 2
    })
  await isRolledOut('1')
  const patch = { spec: { template: { spec: { containers: [{ name: 'main', env: [{ name: 'V', value: '2' }] }] } } } }
  await plane.client.patch(deployments, key, { type: 'strategic', patch })
  const done = await isRolledOut('2')
  expect(done!.status).toMatchObject({ replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 })
  const sets = (await plane.client.list(replicaSets, { namespace: 'default' })).items
  expect(sets.map((set) => set.spec!.replicas).sort()).toEqual([0, 2])
  await plane.manager.close()
  const said = (await plane.client.list(events, { namespace: 'default' })).items
  const scaled = said.filter(({ reason }) => reason === 'ScalingReplicaSet').map(({ message }) => message!)
  expect(scaled.map((message) => message.replace(/web-\S+/, 'web')).sort()).toEqual([
    'Scaled down replica set web from 1 to 0',
    'Scaled down replica set web from 2 to 1',
    'Scaled up replica set web from 0 to 1',
    'Scaled up replica set web from 0 to 2',
    'Scaled up replica set web from 1 to 2',
  ])
  expect(plane.manager.status().filter(({ errors }) => errors > 0)).toEqual([])
})
