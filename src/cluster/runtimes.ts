import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import type { Environment } from '../env/environment.ts'
import type { HostPorts } from '../runtime/host-ports.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { ClusterError } from './cluster-error.ts'

/** How pods on processes get addresses: a network each, or an address of loopback each. */
export type PodNetworkMode = 'auto' | 'namespace' | 'loopback'

/** The runtimes that a cluster can give its nodes. */
export type RuntimeName = 'process' | 'simulated' | 'cri' | 'docker'
export const RUNTIME_NAMES: readonly RuntimeName[] = ['process', 'docker', 'cri', 'simulated']

export interface RuntimesOptions {
  readonly env: Environment
  readonly runtime: RuntimeName
  /** Where the container engine listens: `unix:///run/containerd/containerd.sock`. Default where it usually does. */
  readonly endpoint?: string
  /** The address of this machine for pods in its own network. */
  readonly hostAddress: string
  readonly podNetwork?: PodNetworkMode
}

/** Makes the runtime of the node with that number, from 1; one for all where they share the machine. */
export type RuntimeFactory = (index: number) => Runtime | Promise<Runtime>

/**
 * Only the runtime that is asked for is loaded. `directory` is where pods' files go, absent for simulated ones; engines find the
 * pods of an earlier life by it.
 */
export async function runtimeFactory(options: RuntimesOptions, directory = ''): Promise<RuntimeFactory> {
  const { env: environment } = options
  switch (options.runtime) {
    case 'simulated': {
      const { createSimulatedRuntime } = await import('../runtime/simulated/simulated-runtime.ts')
      return (index) => createSimulatedRuntime({ environment, index })
    }
    case 'process': {
      const { createProcessRuntime } = await import('../runtime/process/process-runtime.ts')
      const { podNetwork: network } = options
      const how = { ...(directory !== '' && { directory }), ...(network !== undefined && { network }) }
      const hostPorts = hostPortsOf(environment)
      const runtime = createProcessRuntime({ environment, ...how, hostPorts, nodeAddress: options.hostAddress })
      return () => runtime
    }
    case 'cri':
      return engineFactory(options, directory, (await import('../runtime/cri/cri-runtime.ts')).openCriRuntime)
    case 'docker':
      return engineFactory(options, directory, (await import('../runtime/docker/docker-runtime.ts')).openDockerRuntime)
    default: {
      const message = `Cannot start nodes on "${String(options.runtime)}": unknown runtime, expected one of ${RUNTIME_NAMES.join(', ')}`
      throw new ClusterError('CLUSTER_OPTION', message, 'choose one of those with --runtime')
    }
  }
}

/** Loaded with the first pod that asks for a port of the node. */
function hostPortsOf(env: Environment): HostPorts {
  let loaded: Promise<HostPorts> | undefined
  const load = async () => (await import('../network/host-ports.ts')).createHostPorts(env)
  return {
    open: async (sandbox) => await (await (loaded ??= load())).open(sandbox),
    close: async (sandboxId) => await (await loaded)?.close(sandboxId),
    [Symbol.asyncDispose]: async () => await (await loaded)?.[Symbol.asyncDispose](),
  }
}

/** How a runtime on a container engine is opened. */
type OpenEngine = (options: {
  readonly environment: Environment
  readonly hostAddress: string
  readonly directory: string
  readonly owner: string
  readonly endpoint?: string
  readonly isDead: (owner: string) => boolean
}) => Promise<Runtime>

function engineFactory(options: RuntimesOptions, directory: string, open: OpenEngine): RuntimeFactory {
  const { env: environment, endpoint, hostAddress } = options
  return async (index) => {
    const { isOrphan } = await import('../runtime/process/leftovers.ts')
    return await open({
      environment,
      hostAddress,
      directory: join(directory, 'engine', `node${index}`),
      owner: `${ownerOf(directory)}.node${index}`,
      isDead: (owner) => isOrphan(owner.split('.')[0] ?? ''),
      ...(endpoint !== undefined && { endpoint }),
    }).catch(missing)
  }
}

/** A temporary directory's name tells who owns it, so that what it leaves can be swept; any other's stays the same. */
function ownerOf(directory: string): string {
  const name = basename(directory)
  return name.startsWith('shoal-') ? name : `shoal-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}`
}

function missing(error: unknown): never {
  const { name, message, hint } = error as { readonly name?: string; readonly message: string; readonly hint?: string }
  if (name !== 'EngineMissing' || hint === undefined) throw error
  throw new ClusterError('CLUSTER_ENGINE_MISSING', message, hint, { cause: error })
}
