import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Environment } from '../../env/environment.ts'
import { sleep } from '../../env/clock.ts'
import { RuntimeError } from '../runtime.ts'
import type { ContainerSpec, ContainerState, ContainerStatus } from '../runtime.ts'
import { planContainer } from './container-plan.ts'
import { requireImage } from './image.ts'
import type { Sandboxes } from './sandboxes.ts'
import type { Spawner } from './spawner-process.ts'
import type { LoadedFilter, StartContainer } from './spawner/messages.ts'

/** A container as the control plane keeps it. */
export interface Container {
  status: ContainerStatus
  readonly spec: ContainerSpec
  readonly logPath: string
  readonly plan: StartContainer
  /** Resolves when it has exited. */
  readonly ended: PromiseWithResolvers<void>
}

export interface LifecycleContext {
  readonly environment: Environment
  readonly spawner: Promise<Spawner>
  readonly sandboxes: Sandboxes
  readonly logs: { readonly maxBytes: number; readonly maxFiles: number }
}

/** Takes the container into a state and tells everybody. */
export type Enter = (container: Container, state: ContainerState) => void

export async function createContainer(
  context: LifecycleContext,
  sandboxId: string,
  spec: ContainerSpec,
): Promise<Container> {
  const { environment, sandboxes, spawner } = context
  const pod = sandboxes.surroundings(sandboxId)
  if (!pod?.sandbox.ready) {
    throw new RuntimeError('CreateContainerError', `Cannot create container "${spec.name}": sandbox is not ready`)
  }
  const image = requireImage(spec.image)
  const id = environment.random.uuid().replaceAll('-', '') + environment.random.uuid().replaceAll('-', '')
  const folder = path.join(pod.files.logs, spec.name)
  const logPath = path.join(folder, `${spec.attempt}-${id.slice(0, 12)}.log`)
  const { namespaces, abilities } = await spawner
  const log = { path: logPath, ...context.logs }
  const { privileges, filters } = abilities
  const filter = filters ? await filterOf(spec) : undefined
  const plan = planContainer(id, spec, pod, { namespaces, privileges, ...(filter && { filter }) }, log)
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
  return { status, spec, logPath, plan, ended: Promise.withResolvers() }
}

/** Read and compiled when the first container asks for one. */
async function filterOf(spec: ContainerSpec): Promise<LoadedFilter | undefined> {
  const { seccompProfile = 'Unconfined', privileged } = spec.security
  if (privileged || seccompProfile === 'Unconfined') return undefined
  const { containerFilter } = await import('./seccomp/container-filter.ts')
  return await containerFilter(spec, seccompProfile)
}

/** As containerd has it in its books. */
const COULD_NOT_START = 128

export async function startContainer(context: LifecycleContext, container: Container, enter: Enter): Promise<void> {
  const { clock } = context.environment
  if (phaseOf(container) !== 'created') {
    throw new RuntimeError('RunContainerError', `Cannot start "${container.spec.name}": it was started before`)
  }
  const startedAtMs = clock.now()
  try {
    const started = await context.spawner
    const { pid } = (await started.request({ op: 'start', container: container.plan })) as { pid: number }
    // Its end may have been reported before the reply was read.
    if (phaseOf(container) === 'created') enter(container, { phase: 'running', startedAtMs, pid })
  } catch (cause) {
    const startError = cause instanceof Error ? cause.message : String(cause)
    enter(container, {
      phase: 'exited',
      startedAtMs: 0,
      finishedAtMs: clock.now(),
      exitCode: COULD_NOT_START,
      oomKilled: false,
      startError,
    })
    throw new RuntimeError('RunContainerError', `Cannot start "${container.spec.name}": ${startError}`, { cause })
  }
}

/** SIGTERM, then SIGKILL after `graceMs`; resolves when it has ended. */
export async function stopContainer(context: LifecycleContext, container: Container, graceMs: number): Promise<void> {
  if (phaseOf(container) !== 'running') return
  const containerId = container.status.id
  const started = await context.spawner
  if (graceMs > 0) {
    const timer = new AbortController()
    const grace = sleep(context.environment.timers, graceMs, timer.signal).catch(() => undefined)
    // One that is still being set up hears of it afterwards: its grace goes on meanwhile.
    const told = started.request({ op: 'signal', containerId, signal: 'SIGTERM' })
    await Promise.race([told.then(() => container.ended.promise), grace])
    timer.abort()
  }
  if (phaseOf(container) === 'running') await started.request({ op: 'kill', containerId })
  await container.ended.promise
}

/** Forgets an ended container and removes its log. */
export async function releaseContainer({ spawner }: LifecycleContext, { status, logPath }: Container): Promise<void> {
  const started = await spawner
  await started.request({ op: 'release', containerId: status.id }).catch(() => undefined)
  await rm(logPath, { force: true })
}

export function phaseOf(container: Container): ContainerState['phase'] {
  return container.status.state.phase
}

export function isOver(container: Container): boolean {
  return phaseOf(container) === 'exited'
}
