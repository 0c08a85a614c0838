import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Environment } from '../../env/environment.ts'
import { sleep } from '../../env/clock.ts'
import { RuntimeError } from '../runtime.ts'
import type { ContainerSpec, ContainerState, ContainerStatus, ContainerUsage, LogLine, LogRequest } from '../runtime.ts'
import { planContainer } from './container-plan.ts'
import { requireImage } from './image.ts'
import { readLog } from './log-reader.ts'
import { createLogFollowers, followSource } from './log-following.ts'
import type { Sandboxes } from './sandboxes.ts'
import { SpawnerError } from './spawner-process.ts'
import type { Spawner } from './spawner-process.ts'
import type { SpawnerEvent, StartContainer, UsageSample } from './spawner/messages.ts'

/** A container as the control plane keeps it. */
export interface Container {
  status: ContainerStatus
  readonly spec: ContainerSpec
  readonly logPath: string
  plan: StartContainer | undefined
  /** Resolves when it has exited. */
  readonly ended: PromiseWithResolvers<void>
}

interface Context {
  readonly environment: Environment
  readonly spawner: Promise<Spawner>
  readonly sandboxes: Sandboxes
  readonly logs: { readonly maxBytes: number; readonly maxFiles: number }
}

export interface Containers {
  create(sandboxId: string, spec: ContainerSpec): Promise<string>
  start(containerId: string): Promise<void>
  stop(containerId: string, graceMs: number): Promise<void>
  remove(containerId: string): Promise<void>
  killAll(sandboxId: string): Promise<void>
  removeAll(sandboxId: string): Promise<void>
  find(containerId: string): Container | undefined
  status(containerId: string): ContainerStatus | undefined
  list(): readonly ContainerStatus[]
  onChange(listener: (status: ContainerStatus) => void): () => void
  logs(containerId: string, options: LogRequest): AsyncIterable<LogLine>
  usage(sandboxId: string): Promise<readonly ContainerUsage[]>
  event(event: SpawnerEvent): void
  lost(): void
}

export function createContainers(context: Context): Containers {
  const { environment, spawner, sandboxes } = context
  const containers = new Map<string, Container>()
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
  const require = (containerId: string): Container => {
    const container = containers.get(containerId)
    if (container) return container
    throw new RuntimeError('RunContainerError', `Cannot find container "${containerId}": no such container`)
  }
  const inSandbox = (sandboxId: string) =>
    [...containers.values()].filter(({ status }) => status.sandboxId === sandboxId)

  async function create(sandboxId: string, spec: ContainerSpec): Promise<string> {
    const pod = sandboxes.surroundings(sandboxId)
    if (!pod?.sandbox.ready) {
      throw new RuntimeError('CreateContainerError', `Cannot create container "${spec.name}": sandbox is not ready`)
    }
    const image = requireImage(spec.image)
    const id = environment.random.uuid().replaceAll('-', '') + environment.random.uuid().replaceAll('-', '')
    const folder = path.join(pod.files.logs, spec.name)
    const logPath = path.join(folder, `${spec.attempt}-${id.slice(0, 12)}.log`)
    const started = await spawner
    const plan = planContainer(id, spec, pod, started.namespaces, { path: logPath, ...context.logs })
    await mkdir(folder, { recursive: true })
    const status: ContainerStatus = {
      id,
      sandboxId,
      podUid: pod.sandbox.podUid,
      name: spec.name,
      attempt: spec.attempt,
      image: spec.image,
      imageId: image.id,
      state: { phase: 'created' },
    }
    containers.set(id, { status, spec, logPath, plan, ended: Promise.withResolvers() })
    return id
  }

  async function start(containerId: string): Promise<void> {
    const container = require(containerId)
    if (container.status.state.phase !== 'created' || !container.plan) {
      throw new RuntimeError('RunContainerError', `Cannot start "${container.spec.name}": it was started before`)
    }
    const startedAtMs = environment.clock.now()
    try {
      const started = await spawner
      const reply = (await started.request({ op: 'start', container: container.plan })) as { pid: number }
      // Its end may have been reported before the reply was read.
      if (container.status.state.phase === 'created')
        enter(container, { phase: 'running', startedAtMs, pid: reply.pid })
    } catch (cause) {
      const startError = cause instanceof Error ? cause.message : String(cause)
      const exitCode = (cause instanceof SpawnerError ? cause.exitCode : undefined) ?? 128
      const finishedAtMs = environment.clock.now()
      enter(container, { phase: 'exited', startedAtMs, finishedAtMs, exitCode, oomKilled: false, startError })
      throw new RuntimeError('RunContainerError', `Cannot start "${container.spec.name}": ${startError}`, { cause })
    }
  }

  async function stop(containerId: string, graceMs: number): Promise<void> {
    const container = containers.get(containerId)
    if (container?.status.state.phase !== 'running') return
    const started = await spawner
    if (graceMs > 0) {
      await started.request({ op: 'signal', containerId, signal: 'SIGTERM' })
      const timer = new AbortController()
      await Promise.race([
        container.ended.promise,
        sleep(environment.timers, graceMs, timer.signal).catch(() => undefined),
      ])
      timer.abort()
    }
    if (phaseOf(container) === 'running') await started.request({ op: 'kill', containerId })
    await container.ended.promise
  }

  async function remove(containerId: string): Promise<void> {
    const container = containers.get(containerId)
    if (!container) return
    await stop(containerId, 0)
    containers.delete(containerId)
    followers.forget(containerId)
    const started = await spawner
    await started.request({ op: 'release', containerId }).catch(() => undefined)
    await rm(container.logPath, { force: true })
  }

  return {
    create,
    start,
    stop,
    remove,
    killAll: async (sandboxId) =>
      void (await Promise.all(inSandbox(sandboxId).map(({ status }) => stop(status.id, 0)))),
    removeAll: async (sandboxId) =>
      void (await Promise.all(inSandbox(sandboxId).map(({ status }) => remove(status.id)))),
    find: (containerId) => containers.get(containerId),
    status: (containerId) => containers.get(containerId)?.status,
    list: () => [...containers.values()].map(({ status }) => status),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    logs: (containerId, request) => {
      const container = require(containerId)
      return readLog(
        followSource(container.logPath, followers, containerId, () => isOver(container)),
        request,
      )
    },
    async usage(sandboxId) {
      const running = inSandbox(sandboxId).filter(({ status }) => status.state.phase === 'running')
      const started = await spawner
      const containerIds = running.map(({ status }) => status.id)
      const samples = (await started.request({ op: 'usage', containerIds })) as UsageSample[]
      return samples.map(({ containerId, ...sample }) => ({ name: require(containerId).spec.name, ...sample }))
    },
    event(event) {
      if (event.event === 'grew') followers.wake(event.containerId)
      if (event.event !== 'exit') return
      const container = containers.get(event.containerId)
      if (!container || isOver(container)) return
      const { state } = container.status
      const { event: _event, containerId: _id, ...exit } = event
      const startedAtMs = state.phase === 'running' ? state.startedAtMs : environment.clock.now()
      enter(container, { phase: 'exited', startedAtMs, ...exit })
    },
    lost() {
      const finishedAtMs = environment.clock.now()
      for (const container of containers.values()) {
        const { state } = container.status
        if (state.phase !== 'running') continue
        const { startedAtMs } = state
        enter(container, {
          phase: 'exited',
          startedAtMs,
          finishedAtMs,
          exitCode: 137,
          signal: 'SIGKILL',
          oomKilled: false,
        })
      }
    },
  }
}

function phaseOf(container: Container): ContainerState['phase'] {
  return container.status.state.phase
}

function isOver(container: Container): boolean {
  return phaseOf(container) === 'exited'
}
