import { configMaps, endpoints, endpointSlices } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { KubeObject } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'

/** What programs in the cluster read of the server: where it listens, and whom it believes. */
export interface PublishedServer {
  /** An address that pods may use; undefined where the server listens on loopback alone and no other is known. */
  readonly address: string | undefined
  readonly port: number
  /** The authority that client certificates must come from, in PEM. */
  readonly clientAuthority: string
}

const KUBERNETES = { namespace: 'default', name: 'kubernetes' }

/** Writes what a listening server says of itself, as kube-apiserver does: the endpoints of `kubernetes`, and its authority. */
export async function publishServer(client: Client, server: PublishedServer): Promise<void> {
  const writes = [ensure(client, configMaps as ResourceType, authenticationOf(server))]
  const { address, port } = server
  if (address !== undefined) {
    writes.push(ensure(client, endpoints as ResourceType, endpointsOf(address, port)))
    writes.push(ensure(client, endpointSlices as ResourceType, sliceOf(address, port)))
  }
  await Promise.all(writes)
}

async function ensure(client: Client, type: ResourceType, object: KubeObject): Promise<void> {
  try {
    await client.create(type, object)
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
    const { namespace, name = '' } = object.metadata
    const old = await client.get(type, { name, ...(namespace !== undefined && { namespace }) })
    await client.update(type, {
      ...old,
      ...object,
      metadata: { ...old.metadata, labels: object.metadata.labels ?? {} },
    })
  }
}

function endpointsOf(ip: string, port: number): KubeObject {
  const metadata = { ...KUBERNETES, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }
  const subsets = [{ addresses: [{ ip }], ports: [{ name: 'https', port, protocol: 'TCP' }] }]
  return { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets } as KubeObject
}

function sliceOf(address: string, port: number): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...KUBERNETES, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: address.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  } as KubeObject
}

/** Servers behind this one (the scheduler's own, aggregated ones) read here which client certificates to believe. */
function authenticationOf({ clientAuthority }: PublishedServer): KubeObject {
  const data = {
    'client-ca-file': clientAuthority,
    // Whoever holds another certificate of the same authority must not speak for others.
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-client-ca-file': clientAuthority,
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-username-headers': '["X-Remote-User"]',
  }
  const metadata = { namespace: 'kube-system', name: 'extension-apiserver-authentication' }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as KubeObject
}
