import { RuntimeError } from '../runtime.ts'
import type {
  ContainerSpec,
  ContainerState,
  ContainerStatus,
  ContainerUsage,
  LogLine,
  LogRequest,
  ResourceLimits,
} from '../runtime.ts'
import {
  createContainer,
  isOver,
  phaseOf,
  releaseContainer,
  startContainer,
  stopContainer,
} from './container-lifecycle.ts'
import type { Container, LifecycleContext } from './container-lifecycle.ts'
import { limitsOf } from './container-plan.ts'
import { readLog } from './log-reader.ts'
import { createLogFollowers, followSource } from './log-following.ts'
import type { LogFollowers } from './log-following.ts'
import { endMarked } from './spawner/processes.ts'
import type { SpawnerEvent, UsageSample } from './spawner/messages.ts'

export interface Containers {
  create(sandboxId: string, spec: ContainerSpec): Promise<string>
  start(containerId: string): Promise<void>
  stop(containerId: string, graceMs: number): Promise<void>
  /** Changes the limits of one that runs. */
  update(containerId: string, limits: ResourceLimits): Promise<void>
  remove(containerId: string): Promise<void>
  killAll(sandboxId: string): Promise<void>
  removeAll(sandboxId: string): Promise<void>
  find(containerId: string): Container | undefined
  status(containerId: string): ContainerStatus | undefined
  list(): readonly ContainerStatus[]
  onChange(listener: (status: ContainerStatus) => void): () => void
  logs(containerId: string, options: LogRequest): AsyncIterable<LogLine>
  usage(sandboxId: string): Promise<readonly ContainerUsage[]>
  /** Connections that no program of the pod has taken yet. */
  untaken(sandboxId: string): Promise<number>
  event(event: SpawnerEvent): void
  /** The spawner has ended, and all containers with it. */
  lost(): void
}

/** Every container that was created and not removed, with who wants to hear of it. */
interface Registry {
  readonly all: Map<string, Container>
  readonly listeners: Set<(status: ContainerStatus) => void>
  readonly followers: LogFollowers
  enter(container: Container, state: ContainerState): void
}

export function createContainers(context: LifecycleContext): Containers {
  const registry = createRegistry(context)
  const { all, listeners, followers, enter } = registry
  const inSandbox = (sandboxId: string) => [...all.values()].filter(({ status }) => status.sandboxId === sandboxId)
  const stop = async (container: Container | undefined, graceMs: number) =>
    container && (await stopContainer(context, container, graceMs))

  async function remove(containerId: string): Promise<void> {
    const container = all.get(containerId)
    if (!container) return
    await stop(container, 0)
    all.delete(containerId)
    followers.forget(containerId)
    await releaseContainer(context, container)
  }

  return {
    async create(sandboxId, spec) {
      const container = await createContainer(context, sandboxId, spec)
      all.set(container.status.id, container)
      return container.status.id
    },
    start: async (containerId) => startContainer(context, requireIn(registry, containerId), enter),
    stop: (containerId, graceMs) => stop(all.get(containerId), graceMs),
    async update(containerId, limits) {
      const started = await context.spawner
      await started.request({ op: 'limit', containerId, limits: limitsOf({ limits }) })
    },
    remove,
    async killAll(sandboxId) {
      await Promise.all(inSandbox(sandboxId).map((container) => stop(container, 0)))
    },
    async removeAll(sandboxId) {
      await Promise.all(inSandbox(sandboxId).map(({ status }) => remove(status.id)))
    },
    find: (containerId) => all.get(containerId),
    status: (containerId) => all.get(containerId)?.status,
    list: () => [...all.values()].map(({ status }) => status),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    logs(containerId, request) {
      const container = requireIn(registry, containerId)
      const source = followSource(container.logPath, followers, containerId, () => isOver(container))
      return readLog(source, request)
    },
    usage: (sandboxId) => measure(context, registry, inSandbox(sandboxId)),
    untaken: (sandboxId) => untaken(context, inSandbox(sandboxId)),
    event: (event) => receive(context, registry, event),
    lost: () => endAll(context, registry),
  }
}

function createRegistry({ spawner }: LifecycleContext): Registry {
  const listeners = new Set<(status: ContainerStatus) => void>()
  const followers = createLogFollowers(async (containerId) =>
    (await spawner).request({ op: 'follow', containerId, on: true }),
  )
  const enter = (container: Container, state: ContainerState) => {
    container.status = { ...container.status, state }
    if (state.phase === 'exited') {
      container.ended.resolve()
      followers.wake(container.status.id)
    }
    for (const listener of listeners) listener(container.status)
  }
  return { all: new Map(), listeners, followers, enter }
}

function requireIn({ all }: Registry, containerId: string): Container {
  const container = all.get(containerId)
  if (container) return container
  throw new RuntimeError('RunContainerError', `Cannot find container "${containerId}": no such container`)
}

async function measure(
  { spawner }: LifecycleContext,
  registry: Registry,
  containers: readonly Container[],
): Promise<readonly ContainerUsage[]> {
  const containerIds = containers.flatMap((held) => (phaseOf(held) === 'running' ? [held.status.id] : []))
  const started = await spawner
  const samples = (await started.request({ op: 'usage', containerIds })) as UsageSample[]
  return samples.map(({ containerId, ...sample }) => ({ name: requireIn(registry, containerId).spec.name, ...sample }))
}

/** One container stands for its pod: all of it shares a network. Of the host's nobody knows what is whose. */
async function untaken({ spawner, sandboxes }: LifecycleContext, inPod: readonly Container[]): Promise<number> {
  const running = inPod.find((container) => phaseOf(container) === 'running')
  if (running === undefined || running.plan.hostNetwork) return 0
  const address = sandboxes.surroundings(running.status.sandboxId)?.bindAddress
  const body = { op: 'untaken', containerId: running.status.id, ...(address !== undefined && { address }) } as const
  return (await (await spawner).request(body)) as number
}

function receive({ environment }: LifecycleContext, { all, followers, enter }: Registry, event: SpawnerEvent): void {
  if (event.event === 'grew') followers.wake(event.containerId)
  if (event.event !== 'exit') return
  const container = all.get(event.containerId)
  if (!container || isOver(container)) return
  const { state } = container.status
  const { event: _event, containerId: _id, ...exit } = event
  const startedAtMs = state.phase === 'running' ? state.startedAtMs : environment.clock.now()
  enter(container, { phase: 'exited', startedAtMs, ...exit })
}

function endAll({ environment }: LifecycleContext, { all, enter }: Registry): void {
  const finishedAtMs = environment.clock.now()
  const exit = { phase: 'exited', finishedAtMs, exitCode: 137, signal: 'SIGKILL', oomKilled: false } as const
  for (const container of all.values()) {
    const { state } = container.status
    if (state.phase !== 'running') continue
    // Without a pid namespace they outlive the spawner; with one there is nothing left to find.
    endMarked(container.status.id)
    enter(container, { ...exit, startedAtMs: state.startedAtMs })
  }
}
