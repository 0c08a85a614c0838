import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Environment } from '../../env/environment.ts'
import { sleep } from '../../env/clock.ts'
import { RuntimeError } from '../runtime.ts'
import type { ContainerSpec, ContainerStatus } from '../runtime.ts'
import { CriError } from './connection.ts'
import type { CriConnection } from './connection.ts'
import { containerConfig, logPathOf } from './container-config.ts'
import { containerStatusOf } from './container-states.ts'
import type { ListedContainer } from './messages.ts'
import { hostsMount } from './pod-directory.ts'
import { OWNER_LABEL } from './sandbox-config.ts'
import { ignoreNotFound } from './sandboxes.ts'
import type { Sandboxes } from './sandboxes.ts'

/** Every container that was created and not removed, as it was last seen at the engine. */
export interface Containers {
  create(sandboxId: string, spec: ContainerSpec): Promise<string>
  start(containerId: string): Promise<void>
  stop(containerId: string, graceMs: number): Promise<void>
  remove(containerId: string): Promise<void>
  /** Forgets all of a sandbox that is gone. */
  forgetAll(sandboxId: string): void
  status(containerId: string): ContainerStatus | undefined
  logPath(containerId: string): string
  list(): readonly ContainerStatus[]
  onChange(listener: (status: ContainerStatus) => void): () => void
  /** Asks the engine how the container is, and tells of a change. */
  refresh(containerId: string): Promise<ContainerStatus | undefined>
  /** Compares what is known with what the engine lists. */
  refreshAll(): Promise<void>
}

export interface ContainersContext {
  readonly environment: Environment
  readonly connection: CriConnection
  readonly sandboxes: Sandboxes
  readonly owner: string
}

interface Held {
  status: ContainerStatus
  readonly logPath: string
}

/** How the phases follow each other: a container never goes back. */
const PHASES = ['created', 'running', 'exited']

export async function openContainers(context: ContainersContext): Promise<Containers> {
  const registry = new Registry(context)
  for (const listed of await registry.listed()) await registry.adopt(listed)
  return registry
}

class Registry implements Containers {
  readonly #context: ContainersContext
  readonly #held = new Map<string, Held>()
  readonly #listeners = new Set<(status: ContainerStatus) => void>()

  constructor(context: ContainersContext) {
    this.#context = context
  }

  async listed(): Promise<readonly ListedContainer[]> {
    const filter = { labelSelector: { [OWNER_LABEL]: this.#context.owner } }
    return (await this.#context.connection.call('ListContainers', { filter })).containers
  }

  async adopt({ id, podSandboxId, metadata }: ListedContainer): Promise<void> {
    const pod = this.#context.sandboxes.find(podSandboxId)
    const { status } = await this.#context.connection.call('ContainerStatus', { containerId: id })
    if (pod === undefined || status === null) return
    const logPath = path.join(pod.directory.logs, logPathOf(metadata.name, metadata.attempt))
    this.#held.set(id, { status: containerStatusOf(status, podSandboxId), logPath })
  }

  async create(podSandboxId: string, spec: ContainerSpec): Promise<string> {
    const pod = this.#context.sandboxes.find(podSandboxId)
    if (pod === undefined) throw new RuntimeError('CreateContainerError', `no sandbox "${podSandboxId}"`)
    const config = containerConfig(spec, pod.config, [hostsMount(pod.directory)])
    const request = { podSandboxId, config, sandboxConfig: pod.config }
    const { containerId } = await this.#context.connection.call('CreateContainer', request).catch(failedTo('create'))
    const { uid } = pod.config.metadata
    const { name, attempt, image } = spec
    const known = { id: containerId, sandboxId: podSandboxId, podUid: uid, name, attempt, image, imageId: '' }
    const logPath = path.join(pod.directory.logs, config.logPath)
    this.#held.set(containerId, { status: { ...known, state: { phase: 'created' } }, logPath })
    return containerId
  }

  async start(containerId: string): Promise<void> {
    this.#require(containerId)
    try {
      await this.#context.connection.call('StartContainer', { containerId }).catch(failedTo('start'))
    } finally {
      await this.refresh(containerId)
    }
  }

  async stop(containerId: string, graceMs: number): Promise<void> {
    if (this.#held.get(containerId)?.status.state.phase !== 'running') return
    const timeout = Math.ceil(graceMs / 1000)
    const { connection } = this.#context
    const options = { timeoutMs: graceMs + STOP_PATIENCE_MS }
    await connection.call('StopContainer', { containerId, timeout }, options).catch(ignoreNotFound)
    await this.#ended(containerId)
  }

  async remove(containerId: string): Promise<void> {
    const held = this.#held.get(containerId)
    if (held === undefined) return
    await this.#context.connection.call('RemoveContainer', { containerId }).catch(ignoreNotFound)
    this.#held.delete(containerId)
    await rm(held.logPath, { force: true })
  }

  forgetAll(sandboxId: string): void {
    for (const [id, { status }] of this.#held) if (status.sandboxId === sandboxId) this.#held.delete(id)
  }

  status(containerId: string): ContainerStatus | undefined {
    return this.#held.get(containerId)?.status
  }

  logPath(containerId: string): string {
    return this.#require(containerId).logPath
  }

  list(): readonly ContainerStatus[] {
    return [...this.#held.values()].map(({ status }) => status)
  }

  onChange(listener: (status: ContainerStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async refresh(containerId: string): Promise<ContainerStatus | undefined> {
    const held = this.#held.get(containerId)
    if (held === undefined) return undefined
    const found = await this.#context.connection.call('ContainerStatus', { containerId }).catch(ignoreNotFound)
    const status = found?.status ?? undefined
    return this.#enter(
      containerId,
      status === undefined ? this.#lost(held) : containerStatusOf(status, held.status.sandboxId),
    )
  }

  async refreshAll(): Promise<void> {
    const listed = new Map((await this.listed()).map(({ id, state }) => [id, state]))
    for (const [id, { status }] of this.#held) {
      const { phase } = status.state
      if (phase !== 'exited' && listed.get(id) !== `CONTAINER_${phase.toUpperCase()}`) await this.refresh(id)
    }
  }

  /** The engine may tell of an end before its own books show it. */
  async #ended(containerId: string): Promise<void> {
    for (let pauseMs = 5; pauseMs < 5000; pauseMs *= 2) {
      const status = await this.refresh(containerId)
      if (status === undefined || status.state.phase === 'exited') return
      await sleep(this.#context.environment.timers, pauseMs)
    }
  }

  /** Somebody else has removed the container. */
  #lost({ status }: Held): ContainerStatus {
    const { state } = status
    if (state.phase === 'exited') return status
    const finishedAtMs = this.#context.environment.clock.now()
    const startedAtMs = state.phase === 'running' ? state.startedAtMs : 0
    return { ...status, state: { phase: 'exited', startedAtMs, finishedAtMs, exitCode: 137, oomKilled: false } }
  }

  #enter(containerId: string, status: ContainerStatus): ContainerStatus {
    const held = this.#held.get(containerId)
    if (held === undefined) return status
    const { phase } = held.status.state
    // Answers may overtake each other.
    if (PHASES.indexOf(status.state.phase) < PHASES.indexOf(phase)) return held.status
    held.status = status
    if (status.state.phase !== phase) for (const listener of this.#listeners) listener(status)
    return status
  }

  #require(containerId: string): Held {
    const held = this.#held.get(containerId)
    if (held !== undefined) return held
    throw new RuntimeError('RunContainerError', `Cannot find container "${containerId}": no such container`)
  }
}

/** How much longer than the container's grace the engine may take to end it. */
const STOP_PATIENCE_MS = 120_000

const failedTo = (act: 'create' | 'start') => (error: unknown) => {
  if (!(error instanceof CriError)) throw error
  throw new RuntimeError(act === 'create' ? 'CreateContainerError' : 'RunContainerError', error.detail, {
    cause: error,
  })
}
