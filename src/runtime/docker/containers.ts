import type Docker from 'dockerode'
import type { Environment } from '../../env/environment.ts'
import { createContainerBook } from '../engine/container-book.ts'
import type { ContainerBook, EngineCalls } from '../engine/container-book.ts'
import { NO_QUOTA } from '../engine/cpu-amounts.ts'
import { RuntimeError } from '../runtime.ts'
import type { ContainerSpec, ContainerStatus } from '../runtime.ts'
import { ignoreGone, refusalOf } from './connection.ts'
import { containerOptions, limitsOf } from './container-config.ts'
import { containerStatusOf, phaseOf } from './container-states.ts'
import { CONTAINER_NAME_LABEL, OWNER_LABEL } from './labels.ts'
import type { SandboxSettings } from './sandbox-config.ts'
import type { Sandboxes } from './sandboxes.ts'

export interface Containers extends ContainerBook {
  create(sandboxId: string, spec: ContainerSpec): Promise<string>
}

export interface ContainersContext {
  readonly environment: Environment
  readonly docker: Docker
  readonly sandboxes: Sandboxes
  readonly settings: SandboxSettings
}

export async function openContainers(context: ContainersContext): Promise<Containers> {
  const book = createContainerBook(context.environment, callsOf(context))
  for (const { Id } of await listOwn(context)) {
    const status = await inspect(context.docker, Id)
    if (status !== undefined && context.sandboxes.find(status.sandboxId) !== undefined) book.enter(status)
  }
  return Object.assign(book, {
    create: async (sandboxId: string, spec: ContainerSpec) => {
      const status = await createContainer(context, sandboxId, spec)
      book.enter(status)
      return status.id
    },
  })
}

function callsOf(context: ContainersContext): EngineCalls {
  const { docker } = context
  return {
    list: async () => (await listOwn(context)).map(({ Id, State }) => ({ id: Id, phase: phaseOf(State) })),
    status: (containerId) => inspect(docker, containerId),
    start: async (containerId) => void (await docker.getContainer(containerId).start().catch(failedTo('start'))),
    async stop(containerId, graceMs) {
      await docker
        .getContainer(containerId)
        .stop({ t: Math.ceil(graceMs / 1000) })
        .catch(ignoreGone)
    },
    async update(containerId, limits) {
      await docker.getContainer(containerId).update(limitsOf(limits, NO_QUOTA)).catch(failedTo('update'))
    },
    async remove({ id }) {
      await docker.getContainer(id).remove({ force: true, v: true }).catch(ignoreGone)
    },
  }
}

function listOwn({ docker, settings }: ContainersContext) {
  const label = [`${OWNER_LABEL}=${settings.owner}`, CONTAINER_NAME_LABEL]
  return docker.listContainers({ all: true, filters: { label } })
}

async function inspect(docker: Docker, containerId: string): Promise<ContainerStatus | undefined> {
  const found = await docker.getContainer(containerId).inspect().catch(ignoreGone)
  return found === undefined ? undefined : containerStatusOf(found)
}

async function createContainer(
  { docker, sandboxes, settings }: ContainersContext,
  sandboxId: string,
  spec: ContainerSpec,
): Promise<ContainerStatus> {
  const place = sandboxes.place(sandboxId)
  if (place === undefined) throw new RuntimeError('CreateContainerError', `no sandbox "${sandboxId}"`)
  const options = containerOptions(spec, place, settings.logs)
  const { id } = await docker
    .createContainer(options)
    .catch(async (error: unknown) => {
      // One of that name is left of a try that nobody heard the end of.
      if (refusalOf(error).status !== 409) throw error
      await docker
        .getContainer(options.name ?? '')
        .remove({ force: true, v: true })
        .catch(ignoreGone)
      return await docker.createContainer(options)
    })
    .catch(failedTo('create'))
  const { name, attempt, image } = spec
  const known = { id, sandboxId, podUid: place.spec.uid, name, attempt, image, imageId: '' }
  return { ...known, state: { phase: 'created' } }
}

const failedTo = (act: 'create' | 'start' | 'update') => (error: unknown) => {
  const { message } = refusalOf(error)
  throw new RuntimeError(act === 'create' ? 'CreateContainerError' : 'RunContainerError', message, { cause: error })
}
