import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Job } from '../src/api/generated/batch-v1.ts'
import type { DaemonSet, Deployment, StatefulSet } from '../src/api/generated/apps-v1.ts'
import type { Pod, PodSpec } from '../src/api/generated/core-v1.ts'
import {
  clusterRoles,
  daemonSets,
  deployments,
  jobs,
  namespaces,
  nodes,
  persistentVolumeClaims,
  pods,
  replicaSets,
  resourceQuotas,
  serviceAccounts,
  statefulSets,
} from '../src/api/generated/resources.ts'
import type { KubeObject } from '../src/api/object.ts'
import { keyOf } from '../src/api/object.ts'
import type { ResourceType } from '../src/api/resource-type.ts'
import type { UserInfo } from '../src/apiserver/verbs/request.ts'
import { createHttpClient } from '../src/client/http.ts'
import type { HttpClient } from '../src/client/http.ts'
import { startNodes } from '../src/cluster/nodes.ts'
import type { Nodes } from '../src/cluster/nodes.ts'
import { SCHEDULER, userInfo } from '../src/cluster/users.ts'
import { builtInControllers } from '../src/controllers/built-in.ts'
import { createLogger } from '../src/env/log.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { createInformers } from '../src/informer/informers.ts'
import type { Informers } from '../src/informer/informers.ts'
import { startManager } from '../src/reconcile/manager.ts'
import type { Manager } from '../src/reconcile/manager.ts'
import { startScheduler } from '../src/scheduler/scheduler.ts'
import type { Scheduler } from '../src/scheduler/scheduler.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'

/**
 * The whole cluster over HTTPS: every controller, the scheduler and a node are clients with certificates of their own, and
 * no more rights than Kubernetes' bootstrap roles, node authorizer and node restriction give them.
 */
const complaints: string[] = []
const clients: HttpClient[] = []
let server: TestServer
let manager: Manager
let scheduler: Scheduler
let cluster: Nodes
let admin: HttpClient
let informers: Informers

beforeAll(async () => {
  const system = systemEnvironment()
  const env = { ...system, log: createLogger((line) => complaints.push(line), 'warn', system.clock.now) }
  server = await startApiServer({ admissionPlugins: ['NodeRestriction'] })
  const clientFor = ({ name, groups }: UserInfo) => {
    const client = createHttpClient(server.endpointFor(name, groups), { userAgent: name })
    clients.push(client)
    return client
  }
  admin = clientFor(userInfo('admin', ['system:masters']))
  informers = createInformers(env, admin)
  const controllers = builtInControllers({ caCertificate: server.admin.certificateAuthority ?? '' })
  manager = startManager({ env, clientFor: (user) => clientFor(userInfo(user)), controllers })
  scheduler = startScheduler({ env, client: clientFor(userInfo(SCHEDULER)) })
  cluster = startNodes({ env, clientFor, count: 1, runtime: 'simulated' })
  await Promise.all([manager.ready, scheduler.ready, cluster.ready])
})

afterAll(async () => {
  await cluster.close()
  await scheduler.close()
  await manager.close()
  informers.close()
  for (const client of clients) client.close()
  await server[Symbol.asyncDispose]()
})

/** Resolves when the objects of a namespace (or of all) are as `areSo` says. */
async function until<T extends KubeObject>(
  type: ResourceType<T>,
  areSo: (objects: readonly T[]) => boolean,
  namespace?: string,
): Promise<readonly T[]> {
  const informer = informers.of(type)
  await informer.synced
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = informer.listen({ settled: () => void (areSo(informer.list(namespace)) && resolve()) })
  await promise
  stop()
  return informer.list(namespace)
}

const container = { name: 'main', image: 'shoal/host', command: ['true'] }
const podSpec = (more: object = {}): PodSpec => ({ containers: [container], ...more }) as PodSpec
const names = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name)
const isReady = ({ status }: Pod) => status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')

async function createNamespace(name: string): Promise<void> {
  await admin.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  // As in Kubernetes, pods are refused until the namespace has its service account.
  await until(serviceAccounts, (all) => names(all).includes('default'), name)
}

test('a Deployment becomes ready, scales and is collected, by controllers with their own rights over HTTPS', async () => {
  await createNamespace('web')
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'site', namespace: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'site' } },
      template: { metadata: { labels: { app: 'site' } }, spec: podSpec() },
    },
  } as Deployment
  await admin.create(deployments, deployment)
  await until(pods, (all) => all.filter(isReady).length === 2, 'web')
  await admin.patch(deployments, keyOf(deployment), { type: 'merge', patch: { spec: { replicas: 1 } } })
  await until(deployments, ([one]) => one?.status?.readyReplicas === 1 && one.status.replicas === 1, 'web')
  await admin.delete(deployments, keyOf(deployment), { propagationPolicy: 'Foreground' })
  await until(pods, (all) => all.length === 0, 'web')
  await until(replicaSets, (all) => all.length === 0, 'web')
  await until(deployments, (all) => all.length === 0, 'web')
})

test('a Job completes and goes, pods and all, when its time is up', async () => {
  await createNamespace('batch')
  const metadata = { annotations: { 'simulated.shoal.dev/run-for': '1ms' } }
  await admin.create(jobs, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'once', namespace: 'batch' },
    spec: { ttlSecondsAfterFinished: 0, template: { metadata, spec: podSpec({ restartPolicy: 'Never' }) } },
  } as unknown as Job)
  const [pod] = await until(pods, (all) => all.length === 1, 'batch')
  expect(pod?.metadata.labels?.['batch.kubernetes.io/job-name']).toBe('once')
  await until(jobs, (all) => all.length === 0, 'batch')
  await until(pods, (all) => all.length === 0, 'batch')
})

test('a StatefulSet has a pod and a claim for each ordinal, in order; a DaemonSet one pod for each node', async () => {
  await createNamespace('sets')
  const selector = { matchLabels: { app: 'set' } }
  const template = { metadata: { labels: { app: 'set' } }, spec: podSpec() }
  const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  const statefulSet = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'sets' },
    spec: {
      replicas: 2,
      serviceName: 'db',
      podManagementPolicy: 'Parallel',
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
      selector,
      template,
      volumeClaimTemplates: [{ metadata: { name: 'disk' }, spec: storage }],
    },
  } as unknown as StatefulSet
  await admin.create(statefulSets, statefulSet)
  const claims = await until(persistentVolumeClaims, (all) => all.length === 2, 'sets')
  expect(names(claims).sort()).toEqual(['disk-db-0', 'disk-db-1'])
  await until(statefulSets, ([one]) => one?.status?.currentReplicas === 2, 'sets')
  await admin.delete(statefulSets, keyOf(statefulSet))
  await until(persistentVolumeClaims, (all) => all.length === 0, 'sets')
  const daemon = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent', namespace: 'sets' } }
  await admin.create(daemonSets, {
    ...daemon,
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: { ...template, metadata: { labels: { app: 'agent' } } },
    },
  } as DaemonSet)
  await until(daemonSets, ([one]) => one?.status?.numberAvailable === 1, 'sets')
})

test('a claim in use stays until its pod is gone', async () => {
  await createNamespace('data')
  const claim = await admin.create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'disk', namespace: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  })
  expect(claim.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection'])
  const [node] = await until(nodes, (all) => all.length === 1)
  const volumes = [{ name: 'disk', persistentVolumeClaim: { claimName: 'disk' } }]
  const pod = await admin.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'user', namespace: 'data', finalizers: ['test/hold'] },
    spec: podSpec({ volumes, nodeName: node?.metadata.name }),
  })
  await admin.delete(persistentVolumeClaims, keyOf(claim))
  await admin.delete(pods, keyOf(pod), { gracePeriodSeconds: 0 })
  expect(await admin.get(persistentVolumeClaims, keyOf(claim))).toBeDefined()
  await admin.patch(pods, keyOf(pod), { type: 'merge', patch: { metadata: { finalizers: null } } })
  await until(persistentVolumeClaims, (all) => all.length === 0, 'data')
})

test('a quota tells what is used of it as pods come and go', async () => {
  await createNamespace('narrow')
  await admin.create(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'narrow' },
    spec: { hard: { pods: '1', 'count/jobs.batch': '2' } },
  })
  const used = async (amounts: object) =>
    until(resourceQuotas, ([quota]) => isDeepStrictEqual(quota?.status?.used, amounts), 'narrow')
  await used({ pods: '0', 'count/jobs.batch': '0' })
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'narrow' }, spec: podSpec() }
  await admin.create(pods, pod)
  await used({ pods: '1', 'count/jobs.batch': '0' })
  await admin.delete(pods, keyOf(pod))
  await used({ pods: '0', 'count/jobs.batch': '0' })
})

test('an aggregated cluster role takes over the rules of a role that is labelled for it', async () => {
  const rule = { apiGroups: ['example.com'], resources: ['boats'], verbs: ['get'] }
  await admin.create(clusterRoles, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'boats-view', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
    rules: [rule],
  } as never)
  const hasRule = (name: string, all: readonly KubeObject[]) =>
    JSON.stringify(all.find(({ metadata }) => metadata.name === name)).includes('"boats"')
  const found = await until(clusterRoles, (all) => ['view', 'edit', 'admin'].every((name) => hasRule(name, all)))
  expect(hasRule('cluster-admin', found)).toBe(false)
})

test('a namespace is emptied and goes', async () => {
  await createNamespace('gone')
  await admin.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'gone' },
    spec: podSpec(),
  })
  await until(pods, (all) => all.some(isReady), 'gone')
  await admin.delete(namespaces, { name: 'gone' })
  await until(namespaces, (all) => !names(all).includes('gone'))
})

test('nobody was refused anything, and nobody had to complain', () => {
  expect(server.refusals).toEqual([])
  expect(complaints).toEqual([])
})
