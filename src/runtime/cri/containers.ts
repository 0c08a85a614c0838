import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Environment } from '../../env/environment.ts'
import { createContainerBook } from '../engine/container-book.ts'
import type { ContainerBook, EngineCalls } from '../engine/container-book.ts'
import { NO_QUOTA } from '../engine/cpu-amounts.ts'
import { hostsMount } from '../engine/pod-directory.ts'
import { RuntimeError } from '../runtime.ts'
import type { ContainerSpec, ContainerState, ContainerStatus } from '../runtime.ts'
import { CriError } from './connection.ts'
import type { CriConnection } from './connection.ts'
import { containerConfig, logPathOf, resourcesOf } from './container-config.ts'
import { containerStatusOf } from './container-states.ts'
import type { CriContainerState, ListedContainer } from './messages.ts'
import { OWNER_LABEL } from './sandbox-config.ts'
import { ignoreNotFound } from './sandboxes.ts'
import type { Sandboxes } from './sandboxes.ts'

export interface Containers extends ContainerBook {
  create(sandboxId: string, spec: ContainerSpec): Promise<string>
  logPath(containerId: string): string
}

export interface ContainersContext {
  readonly environment: Environment
  readonly connection: CriConnection
  readonly sandboxes: Sandboxes
  readonly owner: string
}

/** How much longer than the container's grace the engine may take to end it. */
const STOP_PATIENCE_MS = 120_000

export async function openContainers(context: ContainersContext): Promise<Containers> {
  const { environment, connection, sandboxes } = context
  const book = createContainerBook(environment, callsOf(context))
  for (const { id, podSandboxId } of await listOwn(context)) {
    const { status } = await connection.call('ContainerStatus', { containerId: id })
    if (sandboxes.find(podSandboxId) !== undefined && status !== null)
      book.enter(containerStatusOf(status, podSandboxId))
  }
  return Object.assign(book, {
    create: async (sandboxId: string, spec: ContainerSpec) => {
      const status = await createContainer(context, sandboxId, spec)
      book.enter(status)
      return status.id
    },
    logPath: (containerId: string) => logPathIn(sandboxes, book.require(containerId)),
  })
}

function callsOf(context: ContainersContext): EngineCalls {
  const { connection, sandboxes } = context
  return {
    list: async () => (await listOwn(context)).map(({ id, state }) => ({ id, phase: PHASES[state] })),
    async status(containerId) {
      const found = await connection.call('ContainerStatus', { containerId }).catch(ignoreNotFound)
      return found === undefined || found.status === null ? undefined : containerStatusOf(found.status, '')
    },
    start: async (containerId) =>
      void (await connection.call('StartContainer', { containerId }).catch(failedTo('start'))),
    async stop(containerId, graceMs) {
      const timeout = Math.ceil(graceMs / 1000)
      const options = { timeoutMs: graceMs + STOP_PATIENCE_MS }
      await connection.call('StopContainer', { containerId, timeout }, options).catch(ignoreNotFound)
    },
    async update(containerId, limits) {
      const linux = resourcesOf(limits, 0, NO_QUOTA)
      await connection.call('UpdateContainerResources', { containerId, linux }).catch(failedTo('update'))
    },
    async remove(container) {
      await connection.call('RemoveContainer', { containerId: container.id }).catch(ignoreNotFound)
      await rm(logPathIn(sandboxes, container), { force: true })
    },
  }
}

async function listOwn({ connection, owner }: ContainersContext): Promise<readonly ListedContainer[]> {
  return (await connection.call('ListContainers', { filter: { labelSelector: { [OWNER_LABEL]: owner } } })).containers
}

const PHASES: Readonly<Record<CriContainerState, ContainerState['phase']>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'exited',
}

async function createContainer(
  { connection, sandboxes }: ContainersContext,
  podSandboxId: string,
  spec: ContainerSpec,
): Promise<ContainerStatus> {
  const pod = sandboxes.find(podSandboxId)
  if (pod === undefined) throw new RuntimeError('CreateContainerError', `no sandbox "${podSandboxId}"`)
  const config = containerConfig(spec, pod.config, [hostsMount(pod.directory)])
  const request = { podSandboxId, config, sandboxConfig: pod.config }
  const create = () => connection.call('CreateContainer', request)
  const { containerId } = await create()
    .catch(async (error: unknown) => {
      // One of that name is left of a try that nobody heard the end of.
      const filter = { podSandboxId }
      const inside = (await connection.call('ListContainers', { filter })).containers
      const stray = inside.find(({ metadata }) => metadata.name === spec.name && metadata.attempt === spec.attempt)
      if (stray === undefined) throw error
      await connection.call('RemoveContainer', { containerId: stray.id })
      return await create()
    })
    .catch(failedTo('create'))
  const { uid } = pod.config.metadata
  const { name, attempt, image } = spec
  const known = { id: containerId, sandboxId: podSandboxId, podUid: uid, name, attempt, image, imageId: '' }
  return { ...known, state: { phase: 'created' } }
}

function logPathIn(sandboxes: Sandboxes, { sandboxId, name, attempt }: ContainerStatus): string {
  return path.join(sandboxes.find(sandboxId)?.directory.logs ?? '', logPathOf(name, attempt))
}

const failedTo = (act: 'create' | 'start' | 'update') => (error: unknown) => {
  if (!(error instanceof CriError)) throw error
  const reason = act === 'create' ? 'CreateContainerError' : 'RunContainerError'
  throw new RuntimeError(reason, error.detail, { cause: error })
}
