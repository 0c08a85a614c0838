import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import type { Deployment } from '../src/api/generated/apps-v1.ts'
import type { Event, Service } from '../src/api/generated/core-v1.ts'
import {
  deployments,
  endpoints,
  endpointSlices,
  events,
  pods,
  replicaSets,
  services,
} from '../src/api/generated/resources.ts'
import type { KubeObject } from '../src/api/object.ts'
import type { ResourceType } from '../src/api/resource-type.ts'
import type { Client } from '../src/client/client.ts'
import { createTestCluster, until } from '../src/testing/index.ts'

/** What a real cluster made of a scenario, and what was applied to it. */
function recorded(name: string): { objects: readonly KubeObject[]; settled: readonly KubeObject[] } {
  const text = readFileSync(new URL(`settled/${name}.json`, import.meta.url), 'utf8')
  // Simulated containers listen to nothing, so nothing probes them.
  return JSON.parse(text, (key, value: unknown) => (key === 'readinessProbe' ? undefined : value))
}

/** The object with the recording's placeholders in place of what differs with every run, and its timing left out. */
function comparable({ metadata, ...rest }: KubeObject): unknown {
  const { managedFields: _, generation: __, ...lasting } = metadata
  const text = JSON.stringify({ ...rest, metadata: lasting }, (key, value: unknown) => {
    if (/Time$|At$|Timestamp$|last-change-trigger-time$/.test(key) && value !== null) return '<time>'
    if (key === 'resourceVersion' || key === 'uid') return `<${key}>`
    if (key === 'pod-template-hash') return '<pod-template-hash>'
    if (key === 'addresses') return ['<pod-ip>']
    if (key === 'observedGeneration') return '<generation>'
    return value
  })
  const named = text
    .replace(/web-[a-z0-9]{8,10}-[a-z0-9]{5}\b/g, 'web-<hash>-<random>')
    .replace(/web-[bcdfghjklmnpqrstvwxz2456789]{8,10}\b/g, 'web-<hash>')
    .replace(/kube-api-access-[a-z0-9]{5}\b/g, 'kube-api-access-<random>')
    .replace(/"name":"web-[a-z0-9]{5}"/g, '"name":"web-<random>"')
  return JSON.parse(named.replaceAll('"namespace":"default"', '"namespace":"{{ns}}"'))
}

/** All recorded objects of a kind, or ours, in an order that does not depend on names. */
const inOrder = (objects: readonly KubeObject[]) =>
  objects.map((object) => comparable(object)).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

async function settlesAs(client: Client, type: ResourceType, wanted: readonly unknown[]): Promise<void> {
  if (wanted.length === 0) return expect((await client.list(type, { namespace: 'default' })).items).toEqual([])
  let last: readonly unknown[] = []
  const isSame = (all: readonly KubeObject[]) => {
    last = inOrder(all.filter(({ metadata }) => metadata.name !== 'kubernetes'))
    return isDeepStrictEqual(last, wanted)
  }
  await until(client, type, isSame, { namespace: 'default', deadlineMs: 4_000 }).catch(() => {
    expect(last).toEqual(wanted)
  })
}

const TYPES: readonly ResourceType[] = [deployments, replicaSets, endpointSlices] as unknown as ResourceType[]
const line = ({ type, reason, message, reportingComponent }: Event) =>
  `${reportingComponent} ${type} ${reason} ${message?.replace(/web-\S+/, 'web')}`

/** What controllers said, each time it was said. */
const told = (objects: readonly KubeObject[]) =>
  (objects as readonly Event[])
    .filter((one) => one.kind === 'Event' && /^(deployment|replicaset)-controller$/.test(one.reportingComponent ?? ''))
    .flatMap((one) => Array.from({ length: one.count ?? 1 }, () => line(one)))
    .sort()

async function apply(client: Client, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const metadata = { ...object.metadata, namespace: 'default' }
    if (object.kind === 'Service') await client.create(services, { ...object, metadata } as Service)
    else await client.create(deployments, { ...object, metadata } as Deployment)
  }
}

const isRolledOut = ([one]: readonly Deployment[]) =>
  one?.status?.observedGeneration === one?.metadata.generation &&
  one?.status?.conditions?.some(({ reason }) => reason === 'NewReplicaSetAvailable') === true &&
  one.status.replicas === one.spec?.replicas

test.each(['deployment', 'rolling-update'])(
  'the scenario %s ends in the Deployment, sets, slices and events that a real cluster recorded',
  async (scenario) => {
    const { objects, settled } = recorded(scenario)
    await using cluster = await createTestCluster()
    const { client } = cluster
    await apply(client, objects)
    await until(client, deployments, isRolledOut, { namespace: 'default' })
    if (scenario === 'rolling-update') {
      const containers = [{ name: 'main', env: [{ name: 'V', value: '2' }] }]
      const patch = { spec: { template: { spec: { containers } } } }
      await client.patch(deployments, { namespace: 'default', name: 'web' }, { type: 'strategic', patch })
    }
    for (const type of TYPES) {
      const wanted = inOrder(settled.filter(({ kind }) => kind === type.kind))
      await settlesAs(client, type, wanted)
    }
    const isTold = (all: readonly KubeObject[]) => isDeepStrictEqual(told(all), told(settled))
    await until(client, events, isTold, { namespace: 'default' })
    const specs = async () => inOrder((await client.list(pods, { namespace: 'default' })).items.map(bare))
    const wanted = inOrder(settled.filter(({ kind }) => kind === 'Pod').map(bare))
    await until(client, pods, (all) => all.length === wanted.length, { namespace: 'default' })
    expect(await specs()).toEqual(wanted)
  },
  20_000,
)

/** A pod as its controller and admission made it, without what its node made of it. */
function bare(pod: KubeObject): KubeObject {
  const { status: _, ...rest } = pod as KubeObject & { readonly status?: unknown }
  return rest
}

test('an Endpoints object lists the ready pods of its service by port, and goes with it', async () => {
  const { objects } = recorded('deployment')
  await using cluster = await createTestCluster()
  const { client } = cluster
  await apply(client, objects)
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
