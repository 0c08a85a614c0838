import { expect, test } from 'vitest'
import type { DaemonSet, Deployment, StatefulSet } from '../../src/api/generated/apps-v1.ts'
import type { CronJob, Job } from '../../src/api/generated/batch-v1.ts'
import {
  daemonSets,
  deployments,
  endpointSlices,
  jobs,
  namespaces,
  persistentVolumeClaims,
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
async function startOurLoops(client: Client, caCertificate: string) {
  const lease = { namespace: 'kube-system', name: 'kube-controller-manager' }
  const election = { client, lease, identity: 'ours' }
  const controllers = builtInControllers({ caCertificate })
  const manager = startElectedManager({ env, clientFor: () => client, controllers, election })
  const scheduler = startScheduler({ env, client })
  const nodes = startNodes({ env, clientFor: () => client, count: 2, runtime: 'simulated' })
  await Promise.all([scheduler.ready, nodes.ready])
  return {
    async [Symbol.asyncDispose]() {
      await nodes.close()
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
