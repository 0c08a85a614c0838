import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Environment } from '../../env/environment.ts'
import { RuntimeError } from '../runtime.ts'
import type { Sandbox, SandboxSpec } from '../runtime.ts'
import type { HostPorts } from '../host-ports.ts'
import { createAddressPool } from './addresses.ts'
import { createNetworkPool } from './network-pool.ts'
import type { PreparedNetwork } from './network-pool.ts'
import { createPodFiles } from './pod-files.ts'
import type { PodFiles } from './pod-files.ts'
import type { Spawner } from './spawner-process.ts'
import { gatewayOf } from './spawner/subnet.ts'
import { networkSettings } from './sysctls.ts'

/** A sandbox with what its containers need to know of it. */
export interface PodSurroundings {
  readonly sandbox: Sandbox
  readonly spec: SandboxSpec
  readonly files: PodFiles
  /** The address to which Node programs are bound, where the pod has no network of its own. */
  readonly bindAddress: string | undefined
  /** Where they find the endpoints of Services then, if anywhere. */
  readonly endpoints: string | undefined
}

export interface Sandboxes {
  start(spec: SandboxSpec): Promise<Sandbox>
  stop(sandboxId: string): Promise<void>
  remove(sandboxId: string): Promise<void>
  find(sandboxId: string): Sandbox | undefined
  surroundings(sandboxId: string): PodSurroundings | undefined
  list(): readonly Sandbox[]
  hostAddress(): Promise<string>
  endpointsDirectory(): Promise<string | undefined>
}

interface Context {
  readonly environment: Environment
  readonly spawner: Promise<Spawner>
  readonly directory: string
  readonly network: 'auto' | 'namespace' | 'loopback' | 'none'
  readonly hostPorts: HostPorts | undefined
  readonly nodeAddress: string | undefined
}

const LOOPBACK = '127.0.0.1'

type NetworkMode = 'namespace' | 'loopback' | 'none'

/**
 * Every address of 127.0.0.0/8 is the loopback's on Linux; elsewhere only 127.0.0.1 is. Which addresses another cluster
 * gives out cannot be known, so the 4,094 of this one are chosen at random out of 3,200 such sets.
 */
function loopbackSubnet({ random }: Environment): string {
  const set = Math.floor(random.next() * 3200)
  return `127.${20 + (set >> 4)}.${(set & 15) * 16}.0/20`
}

/** How a started spawner lets pods have addresses. */
interface Network {
  readonly mode: NetworkMode
  take(): Promise<PreparedNetwork>
  giveBack(network: PreparedNetwork): void
  readonly hostAddress: string
}

function openNetwork({ environment, network }: Context, started: Spawner): Network {
  const { subnet, notes } = started.abilities
  if (network === 'namespace' && !subnet) throw new Error(notes.join('; ') || 'network namespaces are not allowed')
  if (subnet && (network === 'auto' || network === 'namespace')) {
    const pool = createNetworkPool(environment, started, createAddressPool(subnet))
    return { ...pool, mode: 'namespace', hostAddress: gatewayOf(subnet) }
  }
  const newId = () => environment.random.uuid().replaceAll('-', '')
  const hostAddress = LOOPBACK
  if (network === 'none' || process.platform !== 'linux') {
    const take = async () => ({ sandboxId: newId(), address: hostAddress })
    return { mode: 'none', take, giveBack: () => undefined, hostAddress }
  }
  const addresses = createAddressPool(loopbackSubnet(environment))
  const take = async () => ({ sandboxId: newId(), address: addresses.take() })
  return { mode: 'loopback', take, giveBack: ({ address }) => addresses.free(address), hostAddress }
}

/** Gives a network what its pod asks for; returns what is not as it asks for. */
async function furnish(
  context: Context,
  spec: SandboxSpec,
  own: PreparedNetwork,
  network: Network,
): Promise<readonly string[]> {
  try {
    const settings = networkSettings(spec, network.mode === 'namespace' && !spec.hostNetwork)
    if (settings !== undefined)
      await (await context.spawner).request({ op: 'tuneNetwork', sandboxId: own.sandboxId, settings })
    return spec.hostNetwork ? [] : await openPorts(context, spec, own, network)
  } catch (error) {
    if (!spec.hostNetwork) network.giveBack(own)
    throw error
  }
}

async function openPorts(
  { hostPorts, nodeAddress }: Context,
  { ports }: SandboxSpec,
  { sandboxId, address: ip }: PreparedNetwork,
  network: Network,
): Promise<readonly string[]> {
  if (hostPorts === undefined || !ports.some(({ hostPort = 0 }) => hostPort > 0)) return []
  const nodeAddresses = [LOOPBACK, network.hostAddress, ...(nodeAddress === undefined ? [] : [nodeAddress])]
  return await hostPorts.open({ sandboxId, ip, nodeAddresses, ports })
}

const UNBOUND = { bindAddress: undefined, endpoints: undefined }

/** Of these, containers see overlays, which need not show what changes beneath them. */
const OVERLAID = /^\/(etc|run|var)\//

function endpointsIn(directory: string, { mode }: Network): string | undefined {
  return mode === 'loopback' && !OVERLAID.test(directory) ? path.join(directory, 'endpoints') : undefined
}

export function createSandboxes(context: Context): Sandboxes {
  const { environment, directory } = context
  const pods = new Map<string, PodSurroundings>()
  const opened = context.spawner.then((started) => openNetwork(context, started))
  // Told to whoever asks for a sandbox.
  opened.catch(() => undefined)

  async function start(spec: SandboxSpec): Promise<Sandbox> {
    try {
      const network = await opened
      const own: PreparedNetwork = spec.hostNetwork
        ? { sandboxId: environment.random.uuid().replaceAll('-', ''), address: network.hostAddress }
        : await network.take()
      const { sandboxId: id, address: ip } = own
      const remarks = await furnish(context, spec, own, network)
      const files = await createPodFiles(path.join(directory, 'pods', id), spec, ip)
      const { namespace, name, attempt, uid } = spec
      const createdAtMs = environment.clock.now()
      const sandbox = { id, podUid: uid, namespace, name, attempt, ip, ready: true, createdAtMs, remarks }
      const isBound = network.mode === 'loopback' && !spec.hostNetwork
      const bound = isBound ? { bindAddress: ip, endpoints: endpointsIn(directory, network) } : UNBOUND
      pods.set(id, { sandbox, spec, files, ...bound })
      return sandbox
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause)
      throw new RuntimeError('FailedCreatePodSandBox', `Cannot create sandbox of "${spec.name}": ${detail}`, { cause })
    }
  }

  async function stop(sandboxId: string): Promise<void> {
    const pod = pods.get(sandboxId)
    if (!pod?.sandbox.ready) return
    pods.set(sandboxId, { ...pod, sandbox: { ...pod.sandbox, ready: false } })
    const network = await opened
    await context.hostPorts?.close(sandboxId)
    if (!pod.spec.hostNetwork) network.giveBack({ sandboxId, address: pod.sandbox.ip })
  }

  return {
    start,
    stop,
    async remove(sandboxId) {
      const pod = pods.get(sandboxId)
      if (!pod) return
      await stop(sandboxId)
      await rm(pod.files.directory, { recursive: true, force: true })
      pods.delete(sandboxId)
    },
    find: (sandboxId) => pods.get(sandboxId)?.sandbox,
    surroundings: (sandboxId) => pods.get(sandboxId),
    list: () => [...pods.values()].map(({ sandbox }) => sandbox),
    hostAddress: async () => (await opened).hostAddress,
    endpointsDirectory: async () => endpointsIn(directory, await opened),
  }
}
