import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRegistry } from '../src/api/registry.ts'
import { apiVersionOf, groupResourceOf } from '../src/api/resource-type.ts'
import type { ResourceType } from '../src/api/resource-type.ts'
import { ApiError } from '../src/api/meta/status.ts'
import type { KubeObject } from '../src/api/object.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import type { Cluster } from '../src/cluster/cluster.ts'

/** What kinds need in order to be valid, where a name is not enough. */
const SPECS: Readonly<Record<string, object>> = {
  'apiservices.apiregistration.k8s.io': {
    spec: { group: 'x.io', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 },
  },
  'certificatesigningrequests.certificates.k8s.io': {},
  'clusterrolebindings.rbac.authorization.k8s.io': {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  },
  'csinodes.storage.k8s.io': { spec: { drivers: [] } },
  'ipaddresses.networking.k8s.io': { spec: { parentRef: { resource: 'services', name: 'a', namespace: 'default' } } },
  'jobs.batch': { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] } } } },
  'priorityclasses.scheduling.k8s.io': { value: 1 },
  'rolebindings.rbac.authorization.k8s.io': {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' },
  },
  'runtimeclasses.node.k8s.io': { handler: 'runc' },
  'storageclasses.storage.k8s.io': { provisioner: 'x.io/y' },
  'endpointslices.discovery.k8s.io': { addressType: 'IPv4', endpoints: [] },
  pods: { spec: { containers: [{ name: 'a', image: 'b' }] } },
  services: { spec: { ports: [{ port: 80 }] } },
}

const kinds = [...createRegistry().all()]
  .map(({ type }) => type)
  .filter(({ verbs }) => verbs.includes('create') && verbs.includes('get'))

let cluster: Cluster
beforeAll(async () => {
  cluster = await createCluster({ nodes: 0 })
})
afterAll(() => cluster.close())

function minimal(type: ResourceType): KubeObject {
  const name = type.kind === 'IPAddress' ? '10.96.7.7' : 'every-kind'
  const metadata = { name, ...(type.namespaced && { namespace: 'default' }) }
  return { apiVersion: apiVersionOf(type), kind: type.kind, metadata, ...SPECS[groupResourceOf(type)] } as KubeObject
}

test.each(kinds.map((type) => [`${type.kind} of ${apiVersionOf(type)}`, type] as const))(
  '%s is created, read, changed and deleted, or refused as Invalid with causes',
  async (_name, type) => {
    const { client } = cluster
    const object = minimal(type)
    const key = { name: object.metadata.name ?? '', ...(type.namespaced && { namespace: 'default' }) }
    const missing = await client.get(type, { ...key, name: 'not-there' }).catch((error: unknown) => error)
    expect(missing).toMatchObject({ code: 404, message: `${groupResourceOf(type)} "not-there" not found` })
    const created = await client.create(type, object).catch((error: unknown) => error as ApiError)
    if (created instanceof ApiError) {
      expect([created.code, created.status.details?.causes?.length ?? 0]).toEqual([422, expect.any(Number)])
      expect(created.status.details?.causes?.length).toBeGreaterThan(0)
      return
    }
    expect((await client.list(type)).items.map(({ metadata }) => metadata.uid)).toContain(created.metadata.uid)
    const patch = { metadata: { labels: { tried: 'yes' } } }
    const patched = await client.patch(type, key, { type: 'merge', patch })
    expect(patched.metadata).toMatchObject({ uid: created.metadata.uid, labels: { tried: 'yes' } })
    const updated = await client.update(type, {
      ...patched,
      metadata: { ...patched.metadata, labels: { tried: 'again' } },
    })
    expect(Number(updated.metadata.resourceVersion)).toBeGreaterThan(Number(patched.metadata.resourceVersion))
    const stale = await client.update(type, patched).catch((error: unknown) => error)
    expect(stale).toMatchObject({ code: 409, reason: 'Conflict' })
    await client.delete(type, key, { gracePeriodSeconds: 0 })
  },
)
