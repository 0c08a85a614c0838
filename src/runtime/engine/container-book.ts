import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { RuntimeError } from '../runtime.ts'
import type { ContainerState, ContainerStatus, ResourceLimits } from '../runtime.ts'

/** What a container engine is asked of containers. What is gone is no error. */
export interface EngineCalls {
  /** Those of this owner, whatever has become of them. */
  list(): Promise<readonly { readonly id: string; readonly phase: ContainerState['phase'] }[]>
  status(containerId: string): Promise<ContainerStatus | undefined>
  /** Rejects with a {@link RuntimeError}. */
  start(containerId: string): Promise<void>
  stop(containerId: string, graceMs: number): Promise<void>
  /** Rejects with a {@link RuntimeError}. */
  update(containerId: string, limits: ResourceLimits): Promise<void>
  remove(container: ContainerStatus): Promise<void>
}

/** Every container that was created at an engine and not removed, as it was last seen there. */
export interface ContainerBook {
  /** Takes in a container that was created, now or by an earlier life. */
  enter(status: ContainerStatus): void
  start(containerId: string): Promise<void>
  stop(containerId: string, graceMs: number): Promise<void>
  /** Changes the limits of one that runs. */
  update(containerId: string, limits: ResourceLimits): Promise<void>
  remove(containerId: string): Promise<void>
  /** Forgets all of a sandbox that is gone. */
  forgetAll(sandboxId: string): void
  status(containerId: string): ContainerStatus | undefined
  /** Throws a {@link RuntimeError} where there is none. */
  require(containerId: string): ContainerStatus
  list(): readonly ContainerStatus[]
  onChange(listener: (status: ContainerStatus) => void): () => void
  /** Asks the engine how the container is, and tells of a change. */
  refresh(containerId: string): Promise<ContainerStatus | undefined>
  /** Compares what is known with what the engine lists. */
  refreshAll(): Promise<void>
}

/** How the phases follow each other: a container never goes back. */
const PHASES = ['created', 'running', 'exited']

export function createContainerBook(environment: Environment, calls: EngineCalls): ContainerBook {
  return new Book(environment, calls)
}

class Book implements ContainerBook {
  readonly #environment: Environment
  readonly #calls: EngineCalls
  readonly #held = new Map<string, ContainerStatus>()
  readonly #listeners = new Set<(status: ContainerStatus) => void>()

  constructor(environment: Environment, calls: EngineCalls) {
    this.#environment = environment
    this.#calls = calls
  }

  enter(status: ContainerStatus): void {
    this.#held.set(status.id, status)
  }

  async start(containerId: string): Promise<void> {
    this.require(containerId)
    try {
      await this.#calls.start(containerId)
    } finally {
      await this.refresh(containerId)
    }
  }

  async stop(containerId: string, graceMs: number): Promise<void> {
    if (this.#held.get(containerId)?.state.phase !== 'running') return
    await this.#calls.stop(containerId, graceMs)
    await this.#ended(containerId)
  }

  async update(containerId: string, limits: ResourceLimits): Promise<void> {
    await this.#calls.update(this.require(containerId).id, limits)
  }

  async remove(containerId: string): Promise<void> {
    const held = this.#held.get(containerId)
    if (held === undefined) return
    await this.#calls.remove(held)
    this.#held.delete(containerId)
  }

  forgetAll(sandboxId: string): void {
    for (const [id, status] of this.#held) if (status.sandboxId === sandboxId) this.#held.delete(id)
  }

  status(containerId: string): ContainerStatus | undefined {
    return this.#held.get(containerId)
  }

  require(containerId: string): ContainerStatus {
    const held = this.#held.get(containerId)
    if (held !== undefined) return held
    throw new RuntimeError('RunContainerError', `Cannot find container "${containerId}": no such container`)
  }

  list(): readonly ContainerStatus[] {
    return [...this.#held.values()]
  }

  onChange(listener: (status: ContainerStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async refresh(containerId: string): Promise<ContainerStatus | undefined> {
    const held = this.#held.get(containerId)
    if (held === undefined) return undefined
    const found = await this.#calls.status(containerId)
    return this.#update(found === undefined ? this.#lost(held) : { ...found, sandboxId: held.sandboxId })
  }

  async refreshAll(): Promise<void> {
    const listed = new Map((await this.#calls.list()).map(({ id, phase }) => [id, phase]))
    for (const [id, { state }] of this.#held)
      if (state.phase !== 'exited' && listed.get(id) !== state.phase) await this.refresh(id)
  }

  /** The engine may tell of an end before its own books show it. */
  async #ended(containerId: string): Promise<void> {
    for (let pauseMs = 5; pauseMs < 5000; pauseMs *= 2) {
      const status = await this.refresh(containerId)
      if (status === undefined || status.state.phase === 'exited') return
      await sleep(this.#environment.timers, pauseMs)
    }
  }

  /** Somebody else has removed the container. */
  #lost(status: ContainerStatus): ContainerStatus {
    const { state } = status
    if (state.phase === 'exited') return status
    const finishedAtMs = this.#environment.clock.now()
    const startedAtMs = state.phase === 'running' ? state.startedAtMs : 0
    return { ...status, state: { phase: 'exited', startedAtMs, finishedAtMs, exitCode: 137, oomKilled: false } }
  }

  #update(status: ContainerStatus): ContainerStatus {
    const held = this.#held.get(status.id)
    if (held === undefined) return status
    const { phase } = held.state
    // Answers may overtake each other.
    if (PHASES.indexOf(status.state.phase) < PHASES.indexOf(phase)) return held
    this.#held.set(status.id, status)
    if (status.state.phase !== phase) for (const listener of this.#listeners) listener(status)
    return status
  }
}
