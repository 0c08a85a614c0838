import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Client } from '../client/client.ts'
import { createHttpClient } from '../client/http.ts'
import { parseKubeconfig } from '../client/kubeconfig.ts'
import type { ClusterOptions } from '../cluster/cluster.ts'
import { startClusterThread } from '../cluster/thread/start-thread.ts'
import type { KubernetesConfigMap } from './config-map.ts'
import { badFile, readManifest } from './manifest.ts'

/** A cluster to put pods, deployments and tasks on. Dispose of it when done: an embedded one ends with it. */
export interface KubernetesCluster extends AsyncDisposable {
  readonly name: string
  /** Where whatever is made with it goes. */
  readonly namespace: string
  readonly client: Client
  /** Settings that every container on this cluster finds in its environment. */
  readonly config: KubernetesConfigMap | undefined
  close(): Promise<void>
}

/**
 * Opens the cluster that `file` describes: a kubeconfig (`kind: Config`), whose current context it is; or an embedded
 * cluster (`kind: Cluster` of `shoal.dev/v1`), whose `spec` has `nodes`, `runtime`, `dataDirectory` (from the file's
 * folder), `port` and `schedulerProfile`. Without a file, an embedded cluster in memory. `config` is applied to it, and
 * every container started on it has the settings in its environment.
 *
 * Rejects with an `ObjectsError` (`OBJECTS_FILE`) where the file is neither.
 *
 * @example
 * await using cluster = await KubernetesCluster.create('cluster.yaml', await KubernetesConfigMap.parse('settings.yaml'))
 */
async function create(file?: string, config?: KubernetesConfigMap): Promise<KubernetesCluster> {
  const place = file === undefined ? await embedded('shoal', {}) : await placeOf(file)
  const cluster = { ...place, config, [Symbol.asyncDispose]: () => place.close() }
  try {
    await config?.apply(cluster)
  } catch (error) {
    await place.close()
    throw error
  }
  return cluster
}

type Place = Pick<KubernetesCluster, 'name' | 'namespace' | 'client' | 'close'>

async function placeOf(file: string): Promise<Place> {
  const manifest = await readManifest(file)
  if (manifest.kind === 'Config') return byKubeconfig(manifest)
  if (manifest.kind === 'Cluster' && manifest.apiVersion === 'shoal.dev/v1') {
    return embedded(manifest.metadata?.name ?? 'shoal', optionsOf(file, manifest['spec']))
  }
  const current = `it is a ${String(manifest.apiVersion)} ${String(manifest.kind)}`
  throw badFile(file, current, 'a kubeconfig (v1 Config) or a shoal.dev/v1 Cluster')
}

async function byKubeconfig(config: unknown): Promise<Place> {
  const { context, endpoint, namespace = 'default' } = await parseKubeconfig(JSON.stringify(config))
  const client = createHttpClient(endpoint)
  return { name: context, namespace, client, close: async () => client.close() }
}

async function embedded(name: string, options: Omit<ClusterOptions, 'env'>): Promise<Place> {
  const thread = startClusterThread(options)
  await thread.ready.catch(async (error: unknown) => {
    await thread.close()
    throw error
  })
  return { name, namespace: 'default', client: thread.client, close: () => thread.close() }
}

const FIELDS: Readonly<Record<string, 'number' | 'string'>> = {
  nodes: 'number',
  runtime: 'string',
  dataDirectory: 'string',
  port: 'number',
  schedulerProfile: 'string',
}

function optionsOf(file: string, spec: unknown): Omit<ClusterOptions, 'env'> {
  if (spec !== undefined && (typeof spec !== 'object' || spec === null)) {
    throw badFile(file, `spec is a ${spec === null ? 'null' : typeof spec}`, 'an object')
  }
  const options = { ...spec } as Record<string, unknown>
  for (const [field, value] of Object.entries(options)) {
    const expected = FIELDS[field]
    if (expected === undefined) throw badFile(file, `spec has "${field}"`, Object.keys(FIELDS).join(', '))
    if (typeof value !== expected) throw badFile(file, `spec.${field} is a ${typeof value}`, `a ${expected}`)
  }
  const { dataDirectory } = options
  if (typeof dataDirectory !== 'string') return options
  const whole = dataDirectory.startsWith('~/') ? join(homedir(), dataDirectory.slice(2)) : dataDirectory
  return { ...options, dataDirectory: resolve(dirname(file), whole) }
}

/** Opens clusters. */
export const KubernetesCluster = { create }
