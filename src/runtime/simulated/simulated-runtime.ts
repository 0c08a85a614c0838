import type { Timer } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { ImageError, RuntimeError } from '../runtime.ts'
import type {
  ContainerSpec,
  ContainerState,
  ContainerStatus,
  ContainerUsage,
  ImageInfo,
  LogLine,
  LogRequest,
  MachineCapacity,
  Runtime,
  Sandbox,
  SandboxSpec,
} from '../runtime.ts'
import { blockOf, createAddresses } from './addresses.ts'
import type { Addresses } from './addresses.ts'
import { parseDuration } from './duration.ts'
import { hasSimulatedImage } from './simulated-images.ts'
import { amountAt, CPU_USE, MEMORY_USE, parseSteps, totalUntil } from './simulated-use.ts'

/** Pods with this annotation run for that long (`500ms`, `2s`, `1m30s`); those without run until they are stopped. */
export const RUN_FOR = 'simulated.shoal.dev/run-for'
/** The exit code after that time (default 0). */
export const EXIT_CODE = 'simulated.shoal.dev/exit-code'
/** How long SIGTERM takes to end a container (default at once); beyond its grace it is killed with exit code 137. */
export const STOP_AFTER = 'simulated.shoal.dev/stop-after'

/** `fail` where no probe and no hook of the pod shall succeed; those of all other pods do. */
export const PROBES = 'simulated.shoal.dev/probes'

export interface SimulatedRuntimeOptions {
  readonly environment: Environment
  /** Default: 32 CPUs, 256 GiB of memory, 1 TiB of disk, 110 pods. */
  readonly capacity?: MachineCapacity
  /** The number of the machine: no other has the same addresses for its pods. Default 0. */
  readonly index?: number
}

const DEFAULT_CAPACITY: MachineCapacity = {
  cpuMillis: 32_000,
  memoryBytes: 256 * 2 ** 30,
  diskBytes: 2 ** 40,
  pods: 110,
}

/** What is asked about later; variables and mounts of a hundred thousand containers would be most of what they cost. */
type KeptSpec = Pick<ContainerSpec, 'name' | 'image' | 'command' | 'args' | 'limits'>

interface SimulatedContainer {
  status: ContainerStatus
  spec: KeptSpec
  timer: Timer | undefined
  /** Called when it has exited. */
  readonly onEnd: Set<() => void>
}

interface SimulatedPod {
  sandbox: Sandbox
  readonly spec: SandboxSpec
}

/** What a simulated machine holds. */
interface Machine {
  readonly environment: Environment
  readonly capacity: MachineCapacity
  readonly addresses: Addresses
  readonly pods: Map<string, SimulatedPod>
  readonly containers: Map<string, SimulatedContainer>
  readonly listeners: Set<(status: ContainerStatus) => void>
}

/**
 * A runtime without processes: containers are entries in a map, and time passes by the Environment's timers alone, so a
 * whole cluster of them runs under virtual time. Commands are not run: a container lives as long as its pod's annotations
 * say, and its log is one line that names its command. Cheap enough for thousands of nodes in one process.
 */
export function createSimulatedRuntime(options: SimulatedRuntimeOptions): Runtime {
  const { environment, capacity = DEFAULT_CAPACITY, index = 0 } = options
  const machine: Machine = {
    environment,
    capacity,
    addresses: createAddresses(blockOf(index)),
    pods: new Map(),
    containers: new Map(),
    listeners: new Set(),
  }
  const { pods, containers, listeners } = machine
  return {
    name: 'simulated',
    version: '1',
    async pullImage(image) {
      if (hasSimulatedImage(image)) return imageOf(image)
      throw new ImageError('ErrImagePull', `Cannot pull "${image}": its registry does not answer or has no such image`)
    },
    imageStatus: async (image) => (hasSimulatedImage(image) ? imageOf(image) : undefined),
    startSandbox: async (spec) => startSandbox(machine, spec),
    stopSandbox: async (sandboxId) => stopSandbox(machine, sandboxId),
    async removeSandbox(sandboxId) {
      stopSandbox(machine, sandboxId)
      for (const { status } of inSandbox(machine, sandboxId)) containers.delete(status.id)
      pods.delete(sandboxId)
    },
    createContainer: async (sandboxId, spec) => createContainer(machine, sandboxId, spec),
    startContainer: async (containerId) => startContainer(machine, requireIn(machine, containerId)),
    async stopContainer(containerId, graceMs) {
      const container = containers.get(containerId)
      if (container) await stop(machine, container, graceMs)
    },
    async updateContainer(containerId, limits) {
      const container = requireIn(machine, containerId)
      container.spec = { ...container.spec, limits }
    },
    async removeContainer(containerId) {
      const container = containers.get(containerId)
      if (!container) return
      exit(machine, container, 137, 'SIGKILL')
      containers.delete(containerId)
    },
    containerStatus: (containerId) => containers.get(containerId)?.status,
    list: async () => ({
      sandboxes: [...pods.values()].map(({ sandbox }) => sandbox),
      containers: [...containers.values()].map(({ status }) => status),
    }),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    logs: (containerId, request) => logsOf(requireIn(machine, containerId), request),
    exec: () => refuse('Cannot exec in a simulated container: it has no processes'),
    dial: () => refuse('Cannot dial a simulated pod: nothing listens in it'),
    answer: (containerId) => annotation(machine, requireIn(machine, containerId), PROBES) !== 'fail',
    usage: async (sandboxId) => usageOf(machine, sandboxId),
    capacity: async () => capacity,
    limitations: () => [],
    async close() {
      for (const { timer } of containers.values()) timer?.cancel()
      containers.clear()
      pods.clear()
      listeners.clear()
    },
  }
}

/** Nobody runs it, so nobody has to be kept from running it as root. */
const USER = '65532'

function imageOf(image: string): ImageInfo {
  return { reference: image, id: `simulated:${image}`, sizeBytes: 0, user: USER }
}

function refuse(message: string): Promise<never> {
  return Promise.reject(new RuntimeError('RunContainerError', message))
}

function inSandbox({ containers }: Machine, sandboxId: string): SimulatedContainer[] {
  return [...containers.values()].filter(({ status }) => status.sandboxId === sandboxId)
}

function requireIn({ containers }: Machine, containerId: string): SimulatedContainer {
  const container = containers.get(containerId)
  if (container) return container
  throw new RuntimeError('RunContainerError', `Cannot find container "${containerId}": no such container`)
}

function startSandbox(machine: Machine, spec: SandboxSpec): Sandbox {
  const { uid: podUid, namespace, name, attempt } = spec
  const { clock, random } = machine.environment
  const ip = machine.addresses.take()
  const id = random.uuid()
  const sandbox = { id, podUid, namespace, name, attempt, ip, ready: true, createdAtMs: clock.now() }
  machine.pods.set(id, { sandbox, spec })
  return sandbox
}

function stopSandbox(machine: Machine, sandboxId: string): void {
  for (const container of inSandbox(machine, sandboxId)) exit(machine, container, 137, 'SIGKILL')
  const pod = machine.pods.get(sandboxId)
  if (pod?.sandbox.ready !== true) return
  machine.addresses.giveBack(pod.sandbox.ip ?? '')
  pod.sandbox = { ...pod.sandbox, ready: false }
}

function createContainer(machine: Machine, sandboxId: string, spec: ContainerSpec): string {
  const pod = machine.pods.get(sandboxId)
  if (!pod?.sandbox.ready) {
    throw new RuntimeError('CreateContainerError', `Cannot create container "${spec.name}": sandbox is not ready`)
  }
  const { name, attempt, image } = spec
  const id = machine.environment.random.uuid()
  const { podUid } = pod.sandbox
  const state = { phase: 'created' } as const
  const status = { id, sandboxId, podUid, name, attempt, image, imageId: imageOf(image).id, state }
  const { command, args, limits } = spec
  const kept = { name, image, limits, ...(command !== undefined && { command }), ...(args !== undefined && { args }) }
  machine.containers.set(id, { status, spec: kept, timer: undefined, onEnd: new Set() })
  return id
}

function startContainer(machine: Machine, container: SimulatedContainer): void {
  const { clock, timers } = machine.environment
  if (container.status.state.phase !== 'created') {
    throw new RuntimeError('RunContainerError', `Cannot start "${container.spec.name}": it was started before`)
  }
  enter(machine, container, { phase: 'running', startedAtMs: clock.now() })
  const runFor = annotation(machine, container, RUN_FOR)
  if (runFor === undefined) return
  const exitCode = Number(annotation(machine, container, EXIT_CODE) ?? 0)
  container.timer = timers.after(parseDuration(runFor), () => exit(machine, container, exitCode))
}

function stop(machine: Machine, container: SimulatedContainer, graceMs: number): Promise<void> {
  if (container.status.state.phase !== 'running') return Promise.resolve()
  const needsMs = parseDuration(annotation(machine, container, STOP_AFTER) ?? '0s')
  if (graceMs <= 0) exit(machine, container, 137, 'SIGKILL')
  else if (needsMs === 0) exit(machine, container, 143, 'SIGTERM')
  else {
    const isKilled = needsMs > graceMs
    container.timer?.cancel()
    container.timer = machine.environment.timers.after(Math.min(needsMs, graceMs), () =>
      isKilled ? exit(machine, container, 137, 'SIGKILL') : exit(machine, container, 143, 'SIGTERM'),
    )
  }
  if (container.status.state.phase !== 'running') return Promise.resolve()
  return new Promise((resolve) => void container.onEnd.add(resolve))
}

function exit(machine: Machine, container: SimulatedContainer, exitCode: number, signal?: string): void {
  const { state } = container.status
  if (state.phase !== 'running') return
  container.timer?.cancel()
  const { startedAtMs } = state
  const finishedAtMs = machine.environment.clock.now()
  const ended = { phase: 'exited', startedAtMs, finishedAtMs, exitCode, oomKilled: false } as const
  enter(machine, container, { ...ended, ...(signal && { signal }) })
  for (const done of container.onEnd) done()
}

function enter({ listeners }: Machine, container: SimulatedContainer, state: ContainerState): void {
  container.status = { ...container.status, state }
  for (const listener of listeners) listener(container.status)
}

function annotation({ pods }: Machine, { status }: SimulatedContainer, name: string): string | undefined {
  return pods.get(status.sandboxId)?.spec.annotations[name]
}

async function* logsOf({ status, spec }: SimulatedContainer, request: LogRequest): AsyncIterable<LogLine> {
  if (status.state.phase === 'created' || request.tailLines === 0) return
  const command = [...(spec.command ?? []), ...(spec.args ?? [])].join(' ')
  const bytes = Buffer.from(`simulated: ${command || spec.image}\n`)
  if (status.state.startedAtMs < (request.sinceMs ?? 0)) return
  yield { timeMs: status.state.startedAtMs, stream: 'stdout', bytes }
}

function usageOf(machine: Machine, sandboxId: string): ContainerUsage[] {
  const now = machine.environment.clock.now()
  return inSandbox(machine, sandboxId).flatMap((container) => {
    const { state } = container.status
    if (state.phase !== 'running') return []
    const { name, limits } = container.spec
    const ranMs = now - state.startedAtMs
    const cpu = annotation(machine, container, CPU_USE) ?? `${limits.cpuRequestMillis ?? 0}m`
    const memory = annotation(machine, container, MEMORY_USE) ?? String(limits.memoryBytes ?? 0)
    const memoryBytes = amountAt(parseSteps(memory), ranMs)
    return [{ name, cpuMs: totalUntil(parseSteps(cpu), ranMs), memoryBytes, processes: 1 }]
  })
}
