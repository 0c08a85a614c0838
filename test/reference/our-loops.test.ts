import { expect, test } from 'vitest'
import type { DaemonSet, Deployment, StatefulSet } from '../../src/api/generated/apps-v1.ts'
import type { CronJob, Job } from '../../src/api/generated/batch-v1.ts'
import type { HorizontalPodAutoscaler } from '../../src/api/generated/autoscaling-v2.ts'
import type { Node, PersistentVolumeClaim } from '../../src/api/generated/core-v1.ts'
import type { EndpointSlice } from '../../src/api/generated/discovery-v1.ts'
import type { ClusterRole } from '../../src/api/generated/rbac-v1.ts'
import {
  BUILT_IN_RESOURCES,
  clusterRoles,
  daemonSets,
  deployments,
  endpoints,
  endpointSlices,
  events,
  horizontalPodAutoscalers,
  jobs,
  namespaces,
  nodes,
  persistentVolumeClaims,
  podDisruptionBudgets,
  pods,
  replicationControllers,
  resourceQuotas,
  serviceAccounts,
  services,
  statefulSets,
  storageClasses,
} from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import type { Client } from '../../src/client/client.ts'
import { createHttpClient } from '../../src/client/http.ts'
import { startNodes } from '../../src/cluster/nodes.ts'
import { builtInControllers } from '../../src/controllers/built-in.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { startElectedManager } from '../../src/reconcile/elected-manager.ts'
import { startScheduler } from '../../src/scheduler/scheduler.ts'
import { until } from '../../src/testing/index.ts'
import { whyNotBuilt } from './go-programs.ts'
import { startReference } from './start-reference.ts'

const missing = whyNotBuilt('etcd', 'kube-apiserver')
const env = systemEnvironment('error')
const NAMESPACE = 'default'
const WAIT = { namespace: NAMESPACE, deadlineMs: 60_000 }
const CLUSTER_WIDE = { deadlineMs: 60_000 }

/** Our controllers, scheduler and simulated nodes, as clients of a real API server. */
async function startOurLoops(client: Client, caCertificate: string, nodeGraceMs?: number) {
  const lease = { namespace: 'kube-system', name: 'kube-controller-manager' }
  const election = { client, lease, identity: 'ours' }
  const controllers = builtInControllers({ caCertificate, ...(nodeGraceMs !== undefined && { nodeGraceMs }) })
  const manager = startElectedManager({ env, clientFor: () => client, controllers, election })
  const scheduler = startScheduler({ env, client })
  const machines = startNodes({ env, clientFor: () => client, count: 2, runtime: 'simulated' })
  await Promise.all([scheduler.ready, machines.ready])
  return {
    async [Symbol.asyncDispose]() {
      await machines.close()
      await scheduler.close()
      await manager.close()
    },
  }
}

const pod = (name: string, more: object = {}) => ({
  metadata: { labels: { app: name }, ...more },
  spec: { containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10' }] },
})
const selector = (app: string) => ({ matchLabels: { app } })
const metadata = (name: string) => ({ name, namespace: NAMESPACE })

test.skipIf(missing !== undefined)(
  `on a real API server our controllers and scheduler bring every kind of workload to its end${missing === undefined ? '' : ` (${missing})`}`,
  async () => {
    await using reference = await startReference()
    using client = createHttpClient(reference.admin)
    await using _loops = await startOurLoops(client, reference.admin.certificateAuthority ?? '')
    await until(client, serviceAccounts, (all) => all.some((one) => one.metadata.name === 'default'), WAIT)

    await client.create(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('web'),
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    })
    await client.create(deployments, workload<Deployment>('Deployment', 'web', { replicas: 3 }))
    await client.create(statefulSets, workload<StatefulSet>('StatefulSet', 'db', { replicas: 2, serviceName: 'db' }))
    await client.create(daemonSets, workload<DaemonSet>('DaemonSet', 'agent', {}))
    await client.create(jobs, job('work'))

    await until(client, deployments, (all) => all.some(({ status }) => status?.availableReplicas === 3), WAIT)
    await until(client, statefulSets, (all) => all.some(({ status }) => status?.availableReplicas === 2), WAIT)
    await until(client, daemonSets, (all) => all.some(({ status }) => status?.numberAvailable === 2), WAIT)
    const [done] = await until(client, jobs, (all) => all.some(isComplete), WAIT)
    expect(done!.status).toMatchObject({ succeeded: 3, completedIndexes: '0-2' })
    const isFull = ({ endpoints }: { readonly endpoints?: readonly unknown[] | null }) => endpoints?.length === 3
    await until(client, endpointSlices, (all) => all.some(isFull), WAIT)
  },
  120_000,
)

test.skipIf(missing !== undefined)(
  'on a real API server a rollout, a claim and the deletion of a namespace come to their ends',
  async () => {
    await using reference = await startReference()
    using client = createHttpClient(reference.admin)
    await using _loops = await startOurLoops(client, reference.admin.certificateAuthority ?? '')
    await until(client, serviceAccounts, (all) => all.some((one) => one.metadata.name === 'default'), WAIT)
    await client.create(deployments, workload<Deployment>('Deployment', 'web', { replicas: 2 }))
    await until(client, deployments, (all) => all.some(({ status }) => status?.availableReplicas === 2), WAIT)
    const template = { spec: { containers: [{ name: 'main', env: [{ name: 'V', value: '2' }] }] } }
    await client.patch(deployments, metadata('web'), { type: 'strategic', patch: { spec: { template } } })
    // The revision's annotation counts as a generation too.
    const isRolled = ({ metadata: { generation = 0, annotations }, status }: Deployment) =>
      annotations?.['deployment.kubernetes.io/revision'] === '2' &&
      status?.observedGeneration === generation &&
      [status.updatedReplicas, status.availableReplicas, status.replicas].every((count) => count === 2)
    await until(client, deployments, (all) => all.some(isRolled), WAIT)

    await client.create(storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'at-once' },
      provisioner: 'shoal.dev/local',
    })
    await client.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: metadata('data'),
      spec: {
        storageClassName: 'at-once',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
      },
    })
    await until(client, persistentVolumeClaims, (all) => all.some(({ status }) => status?.phase === 'Bound'), WAIT)

    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'away' } })
    const away = workload<Deployment>('Deployment', 'gone', { replicas: 2 })
    await client.create(deployments, { ...away, metadata: { name: 'gone', namespace: 'away' } })
    const elsewhere = { namespace: 'away', deadlineMs: 60_000 }
    await until(client, deployments, (all) => all.some(({ status }) => status?.availableReplicas === 2), elsewhere)
    const gone = until(client, namespaces, (all) => !all.some((one) => one.metadata.name === 'away'), CLUSTER_WIDE)
    await client.delete(namespaces, { name: 'away' })
    await gone
  },
  120_000,
)

/** Longer than the ten seconds between two heartbeats. */
const NODE_GRACE_MS = 20_000

test.skipIf(missing !== undefined || process.env['SHOAL_REAL_CLUSTER'] !== 'all')(
  'on a real API server every controller that no workload needs does its part too',
  async () => {
    await using reference = await startReference()
    using client = createHttpClient(reference.admin)
    await using _loops = await startOurLoops(client, reference.admin.certificateAuthority ?? '', NODE_GRACE_MS)
    await until(client, serviceAccounts, (all) => all.some((one) => one.metadata.name === 'default'), WAIT)
    for (const object of OTHERS as readonly KubeObject[]) {
      const type = BUILT_IN_RESOURCES.find((one) => one.kind === object.kind && one.group === groupOf(object))!
      await client.create(
        type,
        type.namespaced ? { ...object, metadata: { ...object.metadata, namespace: NAMESPACE } } : object,
      )
    }
    const ready = [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z' }]
    const status = { patch: { status: { conditions: ready } }, type: 'merge' } as const
    await client.patch(nodes, { name: 'silent' }, status, { subresource: 'status' })

    await until(client, replicationControllers, (all) => all.some((one) => one.status?.availableReplicas === 2), WAIT)
    await until(client, podDisruptionBudgets, (all) => all.some((one) => one.status?.disruptionsAllowed === 1), WAIT)
    await until(client, endpoints, (all) => all.some((one) => one.subsets?.[0]?.addresses?.length === 2), WAIT)
    const mirrors = (one: EndpointSlice) =>
      one.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === MIRRORING
    await until(client, endpointSlices, (all) => all.some(mirrors), WAIT)
    await until(client, resourceQuotas, (all) => all.some((one) => one.status?.used?.['pods'] === '3'), WAIT)
    const isBlind = (one: HorizontalPodAutoscaler) =>
      one.status?.conditions?.some(({ reason }) => reason === 'FailedGetResourceMetric') === true
    await until(client, horizontalPodAutoscalers, (all) => all.some(isBlind), WAIT)
    await until(client, events, (all) => all.some(({ reason }) => reason === 'InvalidSchedule'), WAIT)
    await until(client, persistentVolumeClaims, (all) => all.some((one) => one.metadata.name === 'own-v'), WAIT)
    const isAggregated = (one: ClusterRole) => one.metadata.name === 'whole' && one.rules?.length === 1
    await until(client, clusterRoles, (all) => all.some(isAggregated), CLUSTER_WIDE)
    await until(client, jobs, (all) => !all.some((one) => one.metadata.name === 'brief'), WAIT)
    const isLost = ({ metadata: { name }, spec }: Node) =>
      name === 'silent' && spec?.taints?.some((taint) => taint.effect === 'NoExecute') === true
    await until(client, nodes, (all) => all.some(isLost), CLUSTER_WIDE)

    // Who is left behind goes, who is in use stays until it is not.
    await client.delete(persistentVolumeClaims, { ...metadata('own-v') })
    const isHeld = (one: PersistentVolumeClaim) =>
      one.metadata.finalizers?.includes('kubernetes.io/pvc-protection') === true
    await until(client, persistentVolumeClaims, (all) => all.every(isHeld), WAIT)
    await client.delete(pods, metadata('own'), { gracePeriodSeconds: 0 })
    await until(client, persistentVolumeClaims, (all) => all.length === 0, WAIT)
    await client.delete(replicationControllers, metadata('rc'), { propagationPolicy: 'Background' })
    await until(client, pods, (all) => all.length === 0, WAIT)
  },
  150_000,
)

const MIRRORING = 'endpointslicemirroring-controller.k8s.io'
const groupOf = ({ apiVersion }: KubeObject) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : '')
const brief = pod('brief', { annotations: { 'simulated.shoal.dev/run-for': '50ms' } })
const claimed = {
  containers: pod('').spec.containers,
  schedulerName: 'nobody',
  volumes: [
    {
      name: 'v',
      ephemeral: {
        volumeClaimTemplate: {
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'none',
            resources: { requests: { storage: '1Gi' } },
          },
        },
      },
    },
  ],
}

const OTHERS: readonly unknown[] = [
  { apiVersion: 'v1', kind: 'Node', metadata: { name: 'silent' }, spec: { unschedulable: true } },
  { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { pods: '9' } } },
  {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'rc' },
    spec: { replicas: 2, selector: { app: 'rc' }, template: pod('rc') },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: selector('rc') },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'rc' },
    spec: { selector: { app: 'rc' }, ports: [{ port: 80 }] },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'by-hand' }, spec: { ports: [{ port: 80 }] } },
  {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'by-hand' },
    subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }],
  },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h' },
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'v1', kind: 'ReplicationController', name: 'rc' },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
    },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'never' },
    spec: {
      schedule: '0 5 31 2 *',
      jobTemplate: { spec: { template: { spec: { ...brief.spec, restartPolicy: 'Never' } } } },
    },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'brief' },
    spec: { ttlSecondsAfterFinished: 1, template: { ...brief, spec: { ...brief.spec, restartPolicy: 'Never' } } },
  },
  { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'own' }, spec: claimed },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'part', labels: { part: 'yes' } },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'whole' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
    rules: [],
  },
]

function workload<T extends KubeObject>(kind: string, name: string, spec: object): T {
  const whole = { selector: selector(name), template: pod(name), ...spec }
  return { apiVersion: 'apps/v1', kind, metadata: metadata(name), spec: whole } as unknown as T
}

function job(name: string): Job {
  const template = pod(name, { annotations: { 'simulated.shoal.dev/run-for': '50ms' } })
  const once = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } }
  const spec = { completions: 3, parallelism: 3, completionMode: 'Indexed', template: once }
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: metadata(name), spec }
}

const isComplete = ({ status }: Job | CronJob) => (status as Job['status'])?.completionTime !== undefined
