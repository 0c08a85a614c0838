import type { Node, NodeCondition } from '../api/generated/core-v1.ts'
import { nodes } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { Client } from '../client/client.ts'
import { formatTime } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import type { Pressure } from './eviction/thresholds.ts'
import type { MachineCapacity, Runtime } from '../runtime/runtime.ts'

/** What a node says of itself. */
export interface NodeFacts {
  readonly name: string
  readonly hostIp: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints?: NonNullable<Node['spec']>['taints']
  readonly capacity: MachineCapacity
  /** As Node names them: `linux`, `x64`. */
  readonly platform: string
  readonly architecture: string
  readonly kernelVersion: string
  /** What people call the operating system: `Debian GNU/Linux 12 (bookworm)`. */
  readonly osImage: string
  /** Of this run of the machine; empty where it says none. */
  readonly bootId: string
  /** Where its server listens, for logs, commands and measurements; default the kubelet's. */
  readonly serverPort?: number
}

/** The version of Kubernetes whose behaviour the agent has, as nodes report it. */
const KUBELET_VERSION = 'v1.34.4'
const SERVER_PORT = 10_250
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

/** The node's object as the kubelet would register it. */
export function nodeObject(facts: NodeFacts, runtime: Runtime, nowMs: number): Node {
  const architecture = ARCHITECTURES[facts.architecture] ?? facts.architecture
  const system = { 'kubernetes.io/arch': architecture, 'kubernetes.io/os': facts.platform }
  const beta = { 'beta.kubernetes.io/arch': architecture, 'beta.kubernetes.io/os': facts.platform }
  const capacity = capacityOf(facts.capacity)
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: facts.name,
      labels: { ...beta, ...system, 'kubernetes.io/hostname': facts.name, ...facts.labels },
    },
    spec: { ...(facts.taints !== undefined && { taints: facts.taints }) },
    status: {
      addresses: [
        { type: 'InternalIP', address: facts.hostIp },
        { type: 'Hostname', address: facts.name },
      ],
      capacity,
      allocatable: capacity,
      conditions: nodeConditions(nowMs),
      daemonEndpoints: { kubeletEndpoint: { Port: facts.serverPort ?? SERVER_PORT } },
      nodeInfo: {
        architecture,
        bootID: facts.bootId,
        containerRuntimeVersion: `${runtime.name}://${runtime.version}`,
        kernelVersion: facts.kernelVersion,
        kubeProxyVersion: '',
        kubeletVersion: KUBELET_VERSION,
        machineID: facts.name,
        operatingSystem: facts.platform,
        osImage: facts.osImage,
        systemUUID: '',
      },
    },
  }
}

function capacityOf({ cpuMillis, memoryBytes, diskBytes, pods }: MachineCapacity) {
  return {
    cpu: cpuMillis % 1000 === 0 ? String(cpuMillis / 1000) : `${cpuMillis}m`,
    'ephemeral-storage': `${Math.floor(diskBytes / 1024)}Ki`,
    memory: `${Math.floor(memoryBytes / 1024)}Ki`,
    pods: String(pods),
  }
}

/** What the node is short of. */
export type Pressures = ReadonlySet<Pressure>
const NO_PRESSURE: Pressures = new Set()

/** The conditions of a node that is well, with Kubernetes' reasons and messages. */
export function nodeConditions(nowMs: number, pressures: Pressures = NO_PRESSURE): readonly NodeCondition[] {
  const time = formatTime(nowMs)
  const times = { lastHeartbeatTime: time, lastTransitionTime: time }
  const well = (type: string, reason: string, message: string) => ({ type, status: 'False', ...times, reason, message })
  const short = (type: string, reason: string, message: string) => ({ type, status: 'True', ...times, reason, message })
  return [
    pressures.has('MemoryPressure')
      ? short('MemoryPressure', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available')
      : well('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    pressures.has('DiskPressure')
      ? short('DiskPressure', 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : well('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    well('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    { type: 'Ready', status: 'True', ...times, reason: 'KubeletReady', message: 'kubelet is posting ready status' },
  ]
}

/** Creates the node's object, or brings one that is there from an earlier life up to date. */
export async function register(
  env: Environment,
  client: Client,
  node: Node,
  pressures: Pressures = NO_PRESSURE,
): Promise<Node> {
  const { name = '', labels = {} } = node.metadata
  try {
    // What an earlier registration brought back has a version, which nothing that is created may have.
    return await client.create(nodes, { ...node, metadata: { name, labels } })
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
  }
  await client.patch(nodes, { name }, { type: 'strategic', patch: { metadata: { labels } } })
  return await reportNode(env, client, node, pressures)
}

/** Writes the node's status: addresses, capacity, conditions with the time of now. */
export async function reportNode(
  env: Environment,
  client: Client,
  node: Node,
  pressures: Pressures = NO_PRESSURE,
): Promise<Node> {
  const key = { name: node.metadata.name ?? '' }
  const known = await client.get(nodes, key)
  const conditions = nodeConditions(env.clock.now(), pressures).map((condition) => {
    const before = known.status?.conditions?.find(({ type }) => type === condition.type)
    const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : undefined
    return lastTransitionTime === undefined ? condition : { ...condition, lastTransitionTime }
  })
  const allocatable = { ...node.status?.allocatable, ...extendedAllocatable(node, known) }
  const patch = { status: { ...node.status, allocatable, conditions } }
  return await client.patch(nodes, key, { type: 'strategic', patch }, { subresource: 'status' })
}

/**
 * What of resources that somebody advertised in the node's capacity has to be said of what is allocatable, as the kubelet does:
 * all of them is, and those that were taken away (null) are not. Empty where everything is said.
 */
export function extendedAllocatable(node: Node, known: Node): Readonly<Record<string, string | number | null>> {
  const own = node.status?.capacity ?? {}
  const { capacity = {}, allocatable = {} } = known.status ?? {}
  const isForeign = (name: string) => own[name] === undefined
  const added = Object.entries(capacity).filter(([name, amount]) => isForeign(name) && allocatable[name] !== amount)
  const removed = Object.keys(allocatable).filter((name) => isForeign(name) && capacity[name] === undefined)
  return Object.fromEntries([...added, ...removed.map((name) => [name, null] as const)])
}
