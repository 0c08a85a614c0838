import type { Service } from '../../api/generated/core-v1.ts'
import { endpointSlices, namespaces, services } from '../../api/generated/resources.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Client } from '../../client/client.ts'
import type { Environment } from '../../env/environment.ts'
import { createInformer } from '../../informer/informer.ts'
import type { ServiceWatch } from '../services/service-watch.ts'
import { listenDns } from './dns-server.ts'
import { createUpstream } from './upstream.ts'

export interface ClusterDnsOptions {
  readonly env: Environment
  readonly client: Client
  readonly watch: ServiceWatch
  readonly domain: string
  /** Where the server listens; pods reach it by the Service's address. */
  readonly host: string
  /** 0: any. */
  readonly port: number
  /** The address that the Service is to have. */
  readonly address: string
}

/** The cluster's name server at work. */
export interface RunningDns {
  /** The address of its Service. */
  readonly address: string
  close(): void
}

const KEY = { namespace: 'kube-system', name: 'kube-dns' }

/** Starts the server and says where it is by the Service that every Kubernetes cluster has for it. */
export async function startClusterDns(options: ClusterDnsOptions): Promise<RunningDns> {
  const { env, client, watch, domain, host, port, address } = options
  const spaces = createInformer(env, client, namespaces)
  await Promise.all([spaces.synced, watch.synced])
  const upstream = createUpstream(env, new Set([host, address]))
  const hasNamespace = (name: string) => spaces.get({ name }) !== undefined
  const { get, slicesOf, at } = watch
  const server = await listenDns({ domain, get, slicesOf, at, hasNamespace }, upstream, { host, port })
  const close = () => {
    server.close()
    spaces.close()
  }
  try {
    const service = await ensureService(client, address)
    await put(client, endpointSlices as ResourceType, sliceAt(host, server.port))
    return { address: service.spec?.clusterIP ?? address, close }
  } catch (error) {
    close()
    throw error
  }
}

/** One from an earlier life of the cluster keeps its address. */
async function ensureService(client: Client, address: string): Promise<Service> {
  const create = (clusterIP?: string) => client.create(services, serviceAt(clusterIP))
  try {
    return await create(address)
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) return await client.get(services, KEY)
    // Somebody else has the address.
    if (hasReason(error, 'Invalid')) return await create()
    throw error
  }
}

async function put(client: Client, type: ResourceType, object: KubeObject): Promise<void> {
  try {
    await client.create(type, object)
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
    await client.update(type, object)
  }
}

function serviceAt(clusterIP: string | undefined): Service {
  const labels = { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' }
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ]
  const spec = { ports, ...(clusterIP !== undefined && { clusterIP }) }
  return { apiVersion: 'v1', kind: 'Service', metadata: { ...KEY, labels }, spec } as Service
}

function sliceAt(host: string, port: number): KubeObject {
  const labels = { 'k8s-app': 'kube-dns', 'kubernetes.io/service-name': KEY.name }
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...KEY, labels },
    addressType: 'IPv4',
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
    ports: [
      { name: 'dns', port, protocol: 'UDP' },
      { name: 'dns-tcp', port, protocol: 'TCP' },
    ],
  } as KubeObject
}
