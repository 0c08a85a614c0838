import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { createAuthority } from '../identity/authority.ts'
import type { KeyPair } from '../identity/authority.ts'
import type { EvictionThresholds } from '../node/eviction/thresholds.ts'
import type { NodeAgent } from '../node/node-agent.ts'
import { machineFacts } from '../node/machine-facts.ts'
import { startNodeAgent } from '../node/node-agent.ts'
import { createPodFiles, noFiles, removeForgotten } from '../node/pod-files.ts'
import { createNodeAccess } from '../node/server/access.ts'
import { createNodeHandler } from '../node/server/node-handler.ts'
import { listenNode } from '../node/server/node-server.ts'
import { measureMachine } from '../node/usage/machine-usage.ts'
import { ClusterError } from './cluster-error.ts'
import { temporaryDirectory } from './nodes.ts'
import { runtimeFactory } from './runtimes.ts'
import type { RuntimeName } from './runtimes.ts'

/** A node of a cluster whose API server runs elsewhere. */
export interface JoinOptions {
  readonly env: Environment
  /** Acts as `system:node:<name>`, or as somebody with more rights. */
  readonly client: Client
  readonly name: string
  readonly runtime: RuntimeName
  /** Where the container engine listens. Default where it usually does. */
  readonly engineEndpoint?: string
  /** The address at which the API server reaches this machine. */
  readonly address: string
  /** Where the node's server listens, which the API server asks for logs and streams; port 0 for any free one. */
  readonly listen: { readonly host: string; readonly port: number; readonly identity?: KeyPair }
  /** In PEM: whose client certificates the node's server believes, the API server's among them. */
  readonly clientAuthority?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly directory?: string
  /** When pods have to go because the machine is short of memory or disk; default near the kubelet's. */
  readonly eviction?: EvictionThresholds
}

export interface JoinedNode extends AsyncDisposable {
  readonly agent: NodeAgent
  /** The port that the node's server listens on. */
  readonly port: number
  /** Resolves when the node is registered and knows its pods. */
  readonly ready: Promise<void>
  /** Ends the node's pods; its object and theirs stay as they are. */
  close(): Promise<void>
}

/** Starts a node that joins any API server, a real Kubernetes' among them. Rejects where its port is not to be had. */
export async function joinNode(options: JoinOptions): Promise<JoinedNode> {
  const { env, client, name, address, engineEndpoint: endpoint } = options
  const own: { agent?: NodeAgent } = {}
  const access = createNodeAccess(env.clock, client, name)
  const handle = createNodeHandler({ env, agent: () => own.agent, access })
  const { host, port, identity = ownIdentity(options) } = options.listen
  const authority = options.clientAuthority
  const at = { host, port, identity, ...(authority !== undefined && { clientAuthority: authority }) }
  const server = await listenNode(handle, at).catch((error: unknown) => {
    throw portError(error, host, port)
  })
  const temporary = options.directory === undefined ? await temporaryDirectory(options) : undefined
  const directory = options.runtime === 'simulated' ? undefined : (options.directory ?? temporary)
  const engine = { hostAddress: address, ...(endpoint !== undefined && { endpoint }) }
  const runtimeFor = await runtimeFactory({ env, runtime: options.runtime, ...engine }, directory)
  const runtime = await runtimeFor(1)
  const files = directory === undefined ? noFiles : createPodFiles(join(directory, 'pods'))
  const earlier = await files.kept()
  const facts = { ...machineFacts(), name, hostIp: address, labels: options.labels ?? {}, serverPort: server.port }
  const started = startNodeAgent({
    env,
    client,
    runtime,
    files,
    facts,
    ...(directory !== undefined && { machine: () => measureMachine(directory) }),
    ...(options.eviction !== undefined && { eviction: options.eviction }),
  })
  own.agent = started
  void removeForgotten(env, files, earlier, [started])
  const close = async () => {
    await started.close()
    await runtime.close()
    await server.close()
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
  }
  return { agent: started, port: server.port, ready: started.ready, close, [Symbol.asyncDispose]: close }
}

/** Kubelets sign for themselves where they are given no certificate. */
function ownIdentity({ env, name, address }: JoinOptions): KeyPair {
  return createAuthority(env, `${name}-ca`).issueServer(name, [...new Set([name, address, 'localhost', '127.0.0.1'])])
}

function portError(error: unknown, host: string, port: number): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error
  const message = `Cannot listen on "${host}:${port}": the port is in use, expected a free one`
  return new ClusterError('CLUSTER_PORT_IN_USE', message, 'name another with --port, or --port 0 for any free one', {
    cause: error,
  })
}
