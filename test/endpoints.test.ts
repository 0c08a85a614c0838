import { expect, test } from 'vitest'
import type { Deployment } from '../src/api/generated/apps-v1.ts'
import type { Service } from '../src/api/generated/core-v1.ts'
import { deployments, endpoints, endpointSlices, services } from '../src/api/generated/resources.ts'
import type { KubeObject } from '../src/api/object.ts'
import type { ResourceType } from '../src/api/resource-type.ts'
import type { Client } from '../src/client/client.ts'
import { createTestCluster, until } from '../src/testing/index.ts'
import { readScenario } from './settled/scenario.ts'

/** The recorded Deployment and its Service, without probes: nothing listens in a simulated container. */
function recorded(): readonly KubeObject[] {
  const text = JSON.stringify(readScenario('deployment').objects, (key, value: unknown) => {
    return key === 'readinessProbe' ? undefined : value
  })
  return JSON.parse(text) as KubeObject[]
}

async function apply(client: Client, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const metadata = { ...object.metadata, namespace: 'default' }
    if (object.kind === 'Service') await client.create(services, { ...object, metadata } as Service)
    else await client.create(deployments, { ...object, metadata } as Deployment)
  }
}

test('an Endpoints object lists the ready pods of its service by port, and goes with it', async () => {
  await using cluster = await createTestCluster()
  const { client } = cluster
  await apply(client, recorded())
  const isComplete = (all: readonly { subsets?: readonly { addresses?: readonly unknown[] }[] }[]) =>
    all.some(({ subsets }) => subsets?.length === 1 && subsets[0]?.addresses?.length === 3)
  const [found] = await until(client, endpoints, isComplete, { namespace: 'default' })
  expect(found).toMatchObject({
    metadata: { name: 'web', labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } },
    subsets: [{ ports: [{ port: 8080, protocol: 'TCP' }] }],
  })
  // A watch of nothing says nothing: it has to begin while there is something to go.
  const gone = [endpoints, endpointSlices].map((type) => {
    return until(client, type as ResourceType, (all) => all.length === 0, { namespace: 'default' })
  })
  await client.delete(services, { namespace: 'default', name: 'web' })
  await Promise.all(gone)
})

test('Endpoints that somebody wrote for a service without a selector are mirrored into a slice', async () => {
  await using cluster = await createTestCluster({ nodes: 0 })
  const { client } = cluster
  const metadata = { name: 'db', namespace: 'default' }
  const ports = [{ port: 5432 }]
  await client.create(services, { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } })
  const subsets = [{ addresses: [{ ip: '192.0.2.7' }], notReadyAddresses: [{ ip: '192.0.2.8' }], ports }]
  await client.create(endpoints, { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets })
  const [slice] = await until(client, endpointSlices, (all) => all.length === 1, { namespace: 'default' })
  expect(slice).toMatchObject({
    metadata: {
      labels: {
        'kubernetes.io/service-name': 'db',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      },
      ownerReferences: [{ kind: 'Endpoints', name: 'db', controller: true }],
    },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['192.0.2.7'], conditions: { ready: true } },
      { addresses: ['192.0.2.8'], conditions: { ready: false } },
    ],
    ports: [{ name: '', port: 5432, protocol: 'TCP' }],
  })
  const gone = until(client, endpointSlices, (all) => all.length === 0, { namespace: 'default' })
  await client.delete(endpoints, metadata)
  await gone
})
