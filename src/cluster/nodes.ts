import { rm } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import type { Duplex } from 'node:stream'
import type { NodeStreams, PodAddress } from '../apiserver/subresources/node-streams.ts'
import type { UserInfo } from '../apiserver/verbs/request.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import type { Network } from '../network/network.ts'
import { machineFacts } from '../node/machine-facts.ts'
import type { EvictionThresholds } from '../node/eviction/thresholds.ts'
import type { NodeAgent } from '../node/node-agent.ts'
import type { MachineUsage } from '../node/usage/machine-usage.ts'
import type { PodNetwork } from '../runtime/pod-network.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { apiError } from '../api/meta/status.ts'
import { ClusterError } from './cluster-error.ts'
import { startLocalVolumes } from './local-volumes.ts'
import type { LocalVolumes } from './local-volumes.ts'
import { DEFAULT_SERVICE_RANGE } from './service-range.ts'
import { runtimeFactory } from './runtimes.ts'
import type { PodNetworkMode, RuntimeFactory, RuntimeName } from './runtimes.ts'
import { ADMIN, nodeUser } from './users.ts'

export interface NodesOptions {
  readonly env: Environment
  readonly clientFor: (user: UserInfo) => Client
  readonly count: number
  readonly runtime: RuntimeName
  /** Where the container engine listens; default where it usually does. */
  readonly engineEndpoint?: string
  readonly heartbeatPace?: number
  /** When they are short of memory or disk; default as the kubelet's. */
  readonly eviction?: EvictionThresholds
  /** Where pods' files and logs go; default the system's directory for temporary files. */
  readonly directory?: string
  /** Where the volumes of claims are made; default beside the pods' files, and gone with them. */
  readonly volumeDirectory?: string
  /** How pods on processes get addresses; see `ClusterOptions.podNetwork`. */
  readonly podNetwork?: PodNetworkMode
  /** Where Services have their addresses; default Kubernetes' own. */
  readonly serviceRange?: string
  /** The runtime, where it was begun before: in `directory`, for these pods' network. */
  readonly runtimeFor?: Promise<RuntimeFactory>
}

/** The nodes of a cluster, all on this machine. */
export interface Nodes extends Required<NodeStreams> {
  /** Whether a node is one of these. */
  has(node: string): boolean
  /** Resolves when every node is registered and knows its pods. */
  readonly ready: Promise<void>
  /** The address of this machine among its pods, once it is known; undefined where the runtime does not say. */
  readonly podsAddress: Promise<string | undefined>
  close(): Promise<void>
}

/**
 * Starts the nodes `node1`, `node2`, ...; nodes on processes share one runtime, as they share the machine. They start in a
 * turn of their own, so that the API answers before a process is spawned, which blocks this one for milliseconds.
 */
export function startNodes(options: NodesOptions): Nodes {
  const runtimes: Runtime[] = []
  const agents = new Map<string, NodeAgent>()
  let ownDirectory: string | undefined
  let volumes: LocalVolumes | undefined
  let network: Network | undefined
  const located = Promise.withResolvers<string | undefined>()
  const ready = start()
  ready.catch((error: unknown) => {
    located.resolve(undefined)
    // Whoever waits for the nodes is told of what can be helped.
    if (!(error instanceof ClusterError)) options.env.log.error('nodes did not start', { error })
  })

  async function start(): Promise<void> {
    await new Promise<void>((resolve) => options.env.timers.soon(resolve))
    const directory = options.directory ?? (ownDirectory = await temporaryDirectory(options))
    const engine = engineOf(options)
    const runtimeFor = await (options.runtimeFor ?? runtimeFactory({ ...options, ...engine }, directory))
    const started = await Promise.all(Array.from({ length: options.count }, (_, index) => runtimeFor(index + 1)))
    runtimes.push(...new Set(started))
    const { startNodeAgent } = await import('../node/node-agent.ts')
    const { createPodFiles, noFiles, removeForgotten } = await import('../node/pod-files.ts')
    const own = options.runtime === 'simulated' ? undefined : directory
    const files = own === undefined ? noFiles : createPodFiles(join(own, 'pods'))
    const earlier = await files.kept()
    const machine = own === undefined ? {} : { machine: () => measure(own) }
    const { hostIp = engine.hostAddress, ...joined } = await joinNetwork(options, started[0], engine.hostAddress)
    network = joined.network
    located.resolve(joined.network && hostIp)
    const { heartbeatPace, eviction } = options
    const pace = { ...(heartbeatPace !== undefined && { heartbeatPace }), ...(eviction !== undefined && { eviction }) }
    for (const [index, runtime] of started.entries()) {
      const name = `node${index + 1}`
      const facts = { ...machineFacts(), labels: {}, name, hostIp }
      const own = { env: options.env, client: options.clientFor(nodeUser(name)), runtime, facts }
      agents.set(name, startNodeAgent({ ...own, files, ...pace, ...machine, ...joined }))
    }
    void removeForgotten(options.env, files, earlier, [...agents.values()])
    const volumeDirectory = options.volumeDirectory ?? join(directory ?? '/simulated', 'volumes')
    volumes = await startLocalVolumes(options.env, options.clientFor(ADMIN), volumeDirectory)
    await Promise.all([...agents.values()].map((agent) => agent.ready))
  }

  const podOf = ({ namespace, pod, uid }: PodAddress) => ({ namespace, name: pod, uid })
  const agentOf = ({ node }: Pick<PodAddress, 'node'>) => {
    const agent = agents.get(node)
    if (agent === undefined) throw apiError('ServiceUnavailable', `node "${node}" is not one of this cluster's own`)
    return agent
  }
  return {
    ready,
    has: (node) => agents.has(node),
    podsAddress: located.promise,
    logs: async (address, logOptions) => agentOf(address).logs(podOf(address), address.container, logOptions),
    exec: async (address, request) => agentOf(address).exec(podOf(address), address.container, request),
    attach: async (address, request) => agentOf(address).attach(podOf(address), address.container, request),
    portForward: async (address) => agentOf(address).portForward(podOf(address)),
    usage: async (node) => agentOf({ node }).usage(),
    connect: async (node) => await connectTo(options.env, agentOf({ node })),
    async close() {
      await ready.catch(() => {})
      await volumes?.close()
      await Promise.all([...agents.values()].map((agent) => agent.close()))
      await network?.close()
      await Promise.all(runtimes.map((runtime) => runtime.close()))
      if (ownDirectory !== undefined) await rm(ownDirectory, { recursive: true, force: true })
    },
  }
}

function engineOf({ runtime, engineEndpoint: endpoint }: NodesOptions) {
  return { hostAddress: hostAddress(runtime), ...(endpoint !== undefined && { endpoint }) }
}

/** What is between the pods of this machine, and its address among them; nothing where pods only seem to run. */
async function joinNetwork(
  options: NodesOptions,
  runtime: Runtime | undefined,
  address: string,
): Promise<{ readonly network?: Network; readonly hostIp?: string }> {
  const { env, clientFor, serviceRange = DEFAULT_SERVICE_RANGE } = options
  if (runtime === undefined || options.runtime === 'simulated') return {}
  const { startNetwork } = await import('../network/network.ts')
  const start = (podNetwork: () => Promise<PodNetwork>) =>
    startNetwork({ env, client: clientFor(ADMIN), podNetwork, serviceRange })
  const { podNetwork } = runtime
  if (podNetwork !== undefined) return { network: start(podNetwork), hostIp: (await podNetwork()).hostAddress }
  const { openHostNetwork } = await import('../runtime/host-network.ts')
  const host = await openHostNetwork(env, address)
  const network = start(() => Promise.resolve(host.podNetwork))
  const close = () => network.close().then(host.close)
  return { network: { ...network, close, [Symbol.asyncDispose]: close }, hostIp: address }
}

/** Where pods reach this machine: those of engines have networks of their own, whose loopback is another. */
function hostAddress(runtime: RuntimeName): string {
  if (runtime === 'process' || runtime === 'simulated') return '127.0.0.1'
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}

/** A connection to the node's server without a network; whoever has come so far has been authorized. */
async function connectTo(env: Environment, agent: NodeAgent): Promise<Duplex> {
  const [{ createNodeHandler }, { acceptUpgrades }] = await Promise.all([
    import('../node/server/node-handler.ts'),
    import('../node/server/node-server.ts'),
  ])
  const handle = createNodeHandler({ env, agent: () => agent })
  const server = process.getBuiltinModule('node:http').createServer(handle)
  acceptUpgrades(server, handle)
  const [near, far] = duplexPair()
  server.emit('connection', far)
  return near
}

async function measure(directory: string): Promise<MachineUsage> {
  const { measureMachine } = await import('../node/usage/machine-usage.ts')
  return await measureMachine(directory)
}

/** Simulated nodes write nothing. */
export async function temporaryDirectory({ runtime }: Pick<NodesOptions, 'runtime'>): Promise<string | undefined> {
  if (runtime === 'simulated') return undefined
  const { makeTemporaryDirectory } = await import('../runtime/process/leftovers.ts')
  return makeTemporaryDirectory()
}
