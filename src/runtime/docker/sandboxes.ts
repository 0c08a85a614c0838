import type Docker from 'dockerode'
import type { ContainerInspectInfo } from 'dockerode'
import {
  hostsMount,
  makePodDirectory,
  nextAttempt,
  podDirectory,
  removePodCgroup,
  removeOtherDirectories,
  removePodDirectory,
  specKeptIn,
  writeHosts,
} from '../engine/pod-directory.ts'
import type { PodDirectory } from '../engine/pod-directory.ts'
import { RuntimeError } from '../runtime.ts'
import type { Sandbox, SandboxSpec } from '../runtime.ts'
import { ignoreGone, refusalOf } from './connection.ts'
import type { SandboxPlace } from './container-config.ts'
import { millisecondsOf } from './container-states.ts'
import {
  ATTEMPT_LABEL,
  OWNER_LABEL,
  POD_NAME_LABEL,
  POD_NAMESPACE_LABEL,
  POD_UID_LABEL,
  SANDBOX_LABEL,
} from './labels.ts'
import { ensurePauseImage } from './pause-image.ts'
import { cgroupOf, sandboxOptions } from './sandbox-config.ts'
import type { SandboxSettings } from './sandbox-config.ts'

export interface Sandboxes {
  start(spec: SandboxSpec): Promise<Sandbox>
  stop(sandboxId: string): Promise<void>
  remove(sandboxId: string): Promise<void>
  /** What a container in it is made with. */
  place(sandboxId: string): SandboxPlace | undefined
  find(sandboxId: string): Sandbox | undefined
  /** Asks Docker whether it is still there. */
  isReady(sandboxId: string): Promise<boolean>
  /** Asks Docker which there are, ready or not. */
  list(): Promise<readonly Sandbox[]>
}

export interface SandboxContext {
  readonly docker: Docker
  readonly settings: SandboxSettings
  /** Where pods' hosts files lie. */
  readonly directory: string
  /** The address of pods in the node's own network. */
  readonly hostAddress: string
  /** Whether an owner will never come for what it has left. */
  readonly isDead?: (owner: string) => boolean
}

interface Pod {
  readonly sandbox: Sandbox
  readonly place: SandboxPlace
  readonly directory: PodDirectory
}

/** Adopts those that an earlier life has left. */
export async function openSandboxes(context: SandboxContext): Promise<Sandboxes> {
  const { docker } = context
  const pods = new Map<string, Pod>()
  await sweep(context)
  for (const { Id } of await listOwn(context, 'sandbox')) {
    const pod = await adopt(context, Id)
    if (pod === undefined) await discard(context, Id)
    else pods.set(Id, pod)
  }
  await removeOtherDirectories(context.directory, pods.values())
  const put = (id: string, pod: Pod, ready: boolean) => pods.set(id, { ...pod, sandbox: { ...pod.sandbox, ready } })
  return {
    async start(spec) {
      const attempt = nextAttempt(spec, pods.values())
      const pod = await startSandbox(context, spec, attempt)
      pods.set(pod.sandbox.id, pod)
      return pod.sandbox
    },
    async stop(sandboxId) {
      const pod = pods.get(sandboxId)
      if (pod === undefined || !pod.sandbox.ready) return
      const inside = await listOwn(context, sandboxId)
      const running = [...inside.filter(({ State }) => State === 'running').map(({ Id }) => Id), sandboxId]
      await Promise.all(running.map((id) => docker.getContainer(id).stop({ t: 0 }).catch(ignoreGone)))
      put(sandboxId, pod, false)
    },
    async remove(sandboxId) {
      const pod = pods.get(sandboxId)
      if (pod === undefined) return
      await discard(context, sandboxId)
      await removePodDirectory(pod.directory)
      pods.delete(sandboxId)
      removePodCgroup(pod.place.cgroup)
    },
    place: (sandboxId) => pods.get(sandboxId)?.place,
    find: (sandboxId) => pods.get(sandboxId)?.sandbox,
    isReady: async (id) => (await docker.getContainer(id).inspect().catch(ignoreGone))?.State.Running === true,
    async list() {
      const listed = new Map((await listOwn(context, 'sandbox')).map(({ Id, State }) => [Id, State]))
      for (const [id, pod] of pods) if (pod.sandbox.ready && listed.get(id) !== 'running') put(id, pod, false)
      return [...pods.values()].map(({ sandbox }) => sandbox)
    },
  }
}

/** All sandboxes of the owner, or all containers in one. */
export function listOwn({ docker, settings }: Pick<SandboxContext, 'docker' | 'settings'>, of: string) {
  const label = [`${OWNER_LABEL}=${settings.owner}`, `${SANDBOX_LABEL}=${of}`]
  return docker.listContainers({ all: true, filters: { label } })
}

/** Removes what owners have left that are dead and come no more. */
async function sweep({ docker, settings, isDead }: SandboxContext): Promise<void> {
  const listed = await docker.listContainers({ all: true, filters: { label: [OWNER_LABEL] } })
  const left = listed.filter(({ Labels }) => isDead?.(Labels[OWNER_LABEL] ?? '') === true)
  for (const { Id } of left) await docker.getContainer(Id).remove({ force: true, v: true }).catch(ignoreGone)
  for (const { Labels } of left) removePodCgroup(cgroupOf(Labels[POD_UID_LABEL] ?? '', settings))
}

/** Removes it with all its containers; what is gone is no error. */
async function discard(context: SandboxContext, sandboxId: string): Promise<void> {
  const inside = (await listOwn(context, sandboxId)).map(({ Id }) => Id)
  const remove = (id: string) => context.docker.getContainer(id).remove({ force: true, v: true }).catch(ignoreGone)
  await Promise.all(inside.map(remove))
  await remove(sandboxId)
}

async function startSandbox(context: SandboxContext, spec: SandboxSpec, attempt: number): Promise<Pod> {
  const { docker, settings } = context
  const directory = podDirectory(context.directory, spec.uid, attempt)
  const options = sandboxOptions(spec, attempt, settings)
  let id: string | undefined
  try {
    await makePodDirectory(directory, spec)
    const container = await docker.createContainer(options).catch(async (error: unknown) => {
      const { status } = refusalOf(error)
      if (status !== 404 && status !== 409) throw error
      if (status === 404) await ensurePauseImage(docker)
      // One of that name is left of a try that nobody heard the end of.
      else
        await docker
          .getContainer(options.name ?? '')
          .remove({ force: true, v: true })
          .catch(ignoreGone)
      return await docker.createContainer(options)
    })
    id = container.id
    await container.start()
    return await podOf(context, await container.inspect(), spec, directory)
  } catch (cause) {
    if (id !== undefined) await discard(context, id)
    await removePodDirectory(directory)
    throw new RuntimeError('FailedCreatePodSandBox', refusalOf(cause).message, { cause })
  }
}

async function podOf(
  { settings, hostAddress }: SandboxContext,
  { Id, Config, State, NetworkSettings, Created }: ContainerInspectInfo,
  spec: SandboxSpec,
  directory: PodDirectory,
): Promise<Pod> {
  const { Labels } = Config
  const [network] = Object.values(NetworkSettings.Networks)
  const ip = network?.IPAddress || hostAddress
  await writeHosts(directory, spec, ip)
  const sandbox = {
    id: Id,
    podUid: Labels[POD_UID_LABEL] ?? '',
    namespace: Labels[POD_NAMESPACE_LABEL] ?? '',
    name: Labels[POD_NAME_LABEL] ?? '',
    attempt: Number(Labels[ATTEMPT_LABEL]),
    ip,
    ready: State.Running,
    createdAtMs: millisecondsOf(Created),
  }
  const { leastOomScore } = settings
  const made = { cgroup: cgroupOf(spec.uid, settings), leastOomScore, files: [hostsMount(directory)] }
  return { sandbox, directory, place: { id: Id, spec, labels: Labels, ...made } }
}

/** What an earlier life has left; undefined where its files are gone, so that nothing could be added to it. */
async function adopt(context: SandboxContext, sandboxId: string): Promise<Pod | undefined> {
  const found = await context.docker.getContainer(sandboxId).inspect()
  const { [POD_UID_LABEL]: uid = '', [ATTEMPT_LABEL]: attempt = '0' } = found.Config.Labels
  const directory = podDirectory(context.directory, uid, Number(attempt))
  const spec = specKeptIn(directory)
  return spec === undefined ? undefined : await podOf(context, found, spec, directory)
}
