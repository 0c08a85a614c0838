import { resolve } from 'node:path'
import type { NodeStreams } from '../apiserver/subresources/node-streams.ts'
import { OPTIONAL_PLUGINS } from '../apiserver/admission/plugins.ts'
import type { Verbs } from '../apiserver/verbs/verbs.ts'
import type { Client } from '../client/client.ts'
import type { Endpoint } from '../client/http/connection.ts'
import type { Environment } from '../env/environment.ts'
import { systemEnvironment } from '../env/system.ts'
import { openClusterIdentity } from '../identity/key-files.ts'
import type { ClusterIdentity } from '../identity/key-files.ts'
import type { KeyObjects } from '../identity/portable-keys.ts'
import type { AuditOptions } from './audit-options.ts'
import { ClusterError } from './cluster-error.ts'
import { makeDataDirectory } from './data-directory.ts'
import { startControlPlane } from './control-plane.ts'
import type { ControlPlane } from './control-plane.ts'
import { startNodes } from './nodes.ts'
import type { Nodes } from './nodes.ts'
import type { EvictionThresholds } from '../node/eviction/thresholds.ts'
import type { PodNetworkMode, RuntimeFactory, RuntimeName } from './runtimes.ts'
import { openStore } from './open-store.ts'
import { chooseServiceRange, firstOf, isLoopback } from './service-range.ts'
import { serve } from './serve.ts'
import type { Listening } from './serve.ts'
import { ADMIN, userInfo } from './users.ts'

/** How a cluster is made. Every option has a default: `Cluster.create()` is a cluster in memory with one node. */
export interface ClusterOptions {
  /** Where objects and keys are kept. Default: in memory, gone when the cluster is disposed of. */
  readonly dataDirectory?: string
  /** Nodes, all on this machine. Default 1; 0 with `apiOnly`. */
  readonly nodes?: number
  /** What runs containers: processes of this machine (default), a container engine, or nothing but the clock. */
  readonly runtime?: RuntimeName
  /** Where the engine listens: `unix:///run/containerd/containerd.sock`. Default where it usually does. */
  readonly engineEndpoint?: string
  /** An API server without controllers, scheduler and nodes. Default false. */
  readonly apiOnly?: boolean
  /** The scheduler's profile for pods that name none. Default `default-scheduler`, which is Kubernetes' own. */
  readonly schedulerProfile?: string
  /** Admission plugins that Kubernetes has only where asked: `NodeRestriction`, which keeps nodes to what is theirs. Default: none. */
  readonly admissionPlugins?: readonly string[]
  /** Listens on this port for HTTPS; 0 takes a free one. Default: not at all, until {@link Cluster.listen}. */
  readonly port?: number
  /** The address to listen on. Default `127.0.0.1`. */
  readonly host?: string
  /** How requests over HTTPS are recorded, as Kubernetes' audit events. Default: not at all. */
  readonly audit?: AuditOptions
  /** Where pods' files and logs go. Default: under the data directory, or the system's directory for temporary files. */
  readonly podDirectory?: string
  /**
   * How pods on processes get addresses: `namespace` (a network each), `loopback` (an address of 127.0.0.0/8 each, and one
   * for each Service). Default `auto`: the first where the machine seems to allow it.
   */
  readonly podNetwork?: PodNetworkMode
  /** When nodes are short of memory or disk. Default: as the kubelet's. */
  readonly eviction?: EvictionThresholds
  readonly env?: Environment
}

/** So many simulated nodes keep Kubernetes' pace; of more each beats less often, and is given as much more time. */
const NODES_A_PACE = 250
const NODE_GRACE_MS = 50_000

/** For whom a kubeconfig is. */
export interface KubeconfigUser {
  /** Default: the administrator. */
  readonly user?: string
  /** Of the user. Default: none but `system:authenticated`. */
  readonly groups?: readonly string[]
  /** The namespace of commands that name none. Default: `default`. */
  readonly namespace?: string
}

/** A Kubernetes cluster within this process. Dispose of it to end whatever it runs. */
export interface Cluster extends AsyncDisposable {
  /** The API as the cluster's administrator, without HTTP. */
  readonly client: Client
  /** Resolves when controllers, scheduler and nodes work. The API answers before that. */
  readonly ready: Promise<void>
  /** The API as somebody else, with the rights that RBAC gives them. */
  clientFor(user: string, groups?: readonly string[]): Client
  /** Serves the API over HTTPS, once; resolves to how the administrator reaches it. */
  listen(at?: { readonly port?: number; readonly host?: string }): Promise<Endpoint>
  /**
   * The text of a kubeconfig, for kubectl and client libraries of any language: the administrator's, or that of a user whose
   * rights RBAC gives. Listens on loopback where the cluster does not listen yet.
   */
  kubeconfig(who?: KubeconfigUser): Promise<string>
  close(): Promise<void>
}

/** What was begun before the rest of a cluster, since it takes as long, and what stands before its API. */
export interface ClusterParts {
  readonly runtimeFor?: Promise<RuntimeFactory>
  /** Of the administrator, whom a cluster that listens lets in. */
  readonly adminKeys?: Promise<KeyObjects>
  /** Between requests over HTTPS and the verbs. */
  readonly around?: (verbs: Verbs) => Verbs
}

/**
 * Starts a cluster. Resolves when its API answers; rejects with a `ClusterError` where port or directory are not to be had.
 *
 * @example
 * await using cluster = await Cluster.create()
 * const { items } = await cluster.client.list(pods)
 */
export async function createCluster(
  options: ClusterOptions = {},
  { runtimeFor, ...served }: ClusterParts = {},
): Promise<Cluster> {
  const { env = systemEnvironment(), dataDirectory } = options
  requireKnownPlugins(options.admissionPlugins)
  if (dataDirectory !== undefined) makeDataDirectory(dataDirectory)
  const keys = dataDirectory === undefined ? undefined : `${dataDirectory}/keys`
  const identity = openClusterIdentity(inMachineTime(env), keys)
  const store = await openStore(env, dataDirectory)
  let nodes: Nodes | undefined
  let listening: Promise<Listening> | undefined
  const nodeCount = options.apiOnly === true ? 0 : (options.nodes ?? 1)
  // Nodes of this process are asked directly, those that have joined from elsewhere through their servers.
  const remote = remoteNodes(identity, () => plane.clientFor(ADMIN))
  const nodeStreams = streamsTo((node) => (nodes?.has(node) === true ? nodes : remote()), options.apiOnly !== true)
  const serviceRange = chooseServiceRange(options, env, store)
  const heartbeatPace = options.runtime === 'simulated' ? Math.ceil(nodeCount / NODES_A_PACE) || 1 : 1
  const plane = await startControlPlane({
    env,
    store,
    identity,
    nodeStreams,
    serviceRange,
    controllers: options.apiOnly !== true,
    ...(heartbeatPace > 1 && { nodeGraceMs: NODE_GRACE_MS * heartbeatPace }),
    ...(options.schedulerProfile !== undefined && { schedulerProfile: options.schedulerProfile }),
    admissionPlugins: options.admissionPlugins ?? [],
  }).catch(async (error: unknown) => {
    await store.close()
    throw error
  })
  if (nodeCount > 0)
    nodes = startNodes({
      ...nodesOptions(options, env, plane.clientFor, nodeCount),
      ...(runtimeFor !== undefined && { runtimeFor }),
      serviceRange,
      ...onLoopback(serviceRange),
      heartbeatPace,
    })
  const listen: Cluster['listen'] = async ({ port = 0, host } = {}) => {
    const forPods = { podsAddress: nodes?.podsAddress, serviceAddress: firstOf(serviceRange) }
    const where = { port, ...(host !== undefined && { host }), ...served }
    listening ??= serve(env, plane, identity, { ...where, ...forPods, ...auditOf(options) })
    return (await listening).endpoint
  }
  const close = async () => {
    await listening?.then(({ server }) => server.close()).catch(() => {})
    await nodes?.close()
    await plane.close()
    await store.close()
  }
  const ready = Promise.all([plane.ready, nodes?.ready]).then(() => {})
  ready.catch(() => {})
  try {
    if (options.port !== undefined)
      await listen({ port: options.port, ...(options.host !== undefined && { host: options.host }) })
  } catch (error) {
    await close()
    throw error
  }
  const clientFor: Cluster['clientFor'] = (user, groups) => plane.clientFor(userInfo(user, groups))
  const kubeconfig = kubeconfigs(identity, listen)
  return { client: plane.clientFor(ADMIN), ready, clientFor, listen, kubeconfig, close, [Symbol.asyncDispose]: close }
}

/** TLS asks the machine's clock whether a certificate is valid, whatever time the cluster lives in. */
const inMachineTime = (env: Environment): Environment => ({ ...env, clock: systemEnvironment().clock })

function requireKnownPlugins(names: readonly string[] = []): void {
  const unknown = names.find((name) => !OPTIONAL_PLUGINS.includes(name))
  if (unknown === undefined) return
  const message = `Cannot enable the admission plugin "${unknown}": it is not an optional one, expected ${OPTIONAL_PLUGINS.join(', ')}`
  throw new ClusterError('CLUSTER_OPTION', message, 'choose one of those with --enable-admission-plugins')
}

/** Who is not the administrator gets a certificate, with a key of the kind that every library reads. */
function kubeconfigs(identity: ClusterIdentity, listen: Cluster['listen']): Cluster['kubeconfig'] {
  return async ({ user, groups = [], namespace } = {}) => {
    const [{ createPortableKeys }, { formatKubeconfig }] = await Promise.all([
      import('../identity/portable-keys.ts'),
      import('../client/kubeconfig.ts'),
    ])
    const admin = await listen()
    const issue = async (name: string) => identity.authority.issueClient(name, groups, await createPortableKeys())
    const own = user === undefined ? undefined : await issue(user)
    const endpoint = own === undefined ? admin : { ...admin, clientCertificate: own.certificate, clientKey: own.key }
    return formatKubeconfig({ name: 'shoal', endpoint, ...(namespace !== undefined && { namespace }) })
  }
}

/** Pods are where Services are: a cluster that began without privileges goes on so. */
function onLoopback(serviceRange: string): { readonly podNetwork?: PodNetworkMode } {
  return isLoopback(serviceRange) ? { podNetwork: 'loopback' } : {}
}

/** `Cluster.create()`: the same as {@link createCluster}, under the name of what it makes. */
export const Cluster = { create: createCluster }

const auditOf = ({ audit }: ClusterOptions) => (audit === undefined ? {} : { audit })

/** The streams of nodes that are still to come, each from who has it. */
function streamsTo(of: (node: string) => NodesOf, isMeasured: boolean): NodeStreams {
  return {
    logs: async (address, options) => (await of(address.node)).logs(address, options),
    exec: async (address, request) => (await of(address.node)).exec(address, request),
    attach: async (address, request) => (await of(address.node)).attach(address, request),
    portForward: async (address) => (await of(address.node)).portForward(address),
    connect: async (node) => (await of(node)).connect(node),
    // A server without control loops has no metrics API beside it.
    ...(isMeasured && { usage: async (node: string) => (await of(node)).usage(node) }),
  }
}

type NodesOf = Required<NodeStreams> | Promise<Required<NodeStreams>>

/** Loaded when the first of them is asked for something. */
function remoteNodes(identity: ClusterIdentity, client: () => Client): () => Promise<Required<NodeStreams>> {
  let opened: Promise<Required<NodeStreams>> | undefined
  const open = async () => {
    const { createRemoteNodes } = await import('./remote-nodes.ts')
    const own = () => identity.client('apiserver-kubelet-client', 'kube-apiserver-kubelet-client', ['system:masters'])
    return createRemoteNodes(client(), own)
  }
  return () => (opened ??= open())
}

function nodesOptions(
  options: ClusterOptions,
  env: Environment,
  clientFor: ControlPlane['clientFor'],
  count: number,
): Parameters<typeof startNodes>[0] {
  const { podDirectory, dataDirectory, podNetwork } = options
  const directory = podDirectory ?? (dataDirectory === undefined ? undefined : `${dataDirectory}/pods`)
  const { runtime = 'process', engineEndpoint, eviction } = options
  const volumeDirectory = dataDirectory === undefined ? undefined : resolve(dataDirectory, 'volumes')
  return {
    env,
    clientFor,
    count,
    runtime,
    ...(podNetwork !== undefined && { podNetwork }),
    ...(engineEndpoint !== undefined && { engineEndpoint }),
    ...(directory !== undefined && { directory }),
    ...(volumeDirectory !== undefined && { volumeDirectory }),
    ...(eviction !== undefined && { eviction }),
  }
}
