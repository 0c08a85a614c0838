import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Environment } from '../../env/environment.ts'
import { RuntimeError } from '../runtime.ts'
import type { Sandbox, SandboxSpec } from '../runtime.ts'
import { createAddressPool } from './addresses.ts'
import type { AddressPool } from './addresses.ts'
import { createPodFiles } from './pod-files.ts'
import type { PodFiles } from './pod-files.ts'
import type { Spawner } from './spawner-process.ts'

/** A sandbox with what its containers need to know of it. */
export interface PodSurroundings {
  readonly sandbox: Sandbox
  readonly spec: SandboxSpec
  readonly files: PodFiles
  /** The address to which Node programs are bound, where the pod has no network of its own. */
  readonly bindAddress: string | undefined
}

export interface Sandboxes {
  start(spec: SandboxSpec): Promise<Sandbox>
  stop(sandboxId: string): Promise<void>
  remove(sandboxId: string): Promise<void>
  find(sandboxId: string): Sandbox | undefined
  surroundings(sandboxId: string): PodSurroundings | undefined
  list(): readonly Sandbox[]
  hostAddress(): Promise<string>
}

interface Context {
  readonly environment: Environment
  readonly spawner: Promise<Spawner>
  readonly directory: string
  readonly network: 'auto' | 'namespace' | 'loopback' | 'none'
}

type NetworkMode = 'namespace' | 'loopback' | 'none'

/** Every address of 127.0.0.0/8 is the loopback's on Linux; elsewhere only 127.0.0.1 is. */
function loopbackPrefix(): string {
  return `127.${(process.pid % 200) + 20}`
}

export function createSandboxes({ environment, spawner, directory, network }: Context): Sandboxes {
  const pods = new Map<string, PodSurroundings>()
  let addresses: AddressPool | undefined

  const modeOf = (started: Spawner): NetworkMode => {
    if (network === 'none') return 'none'
    if (network !== 'loopback' && started.abilities.subnet) return 'namespace'
    return process.platform === 'linux' ? 'loopback' : 'none'
  }
  const takeAddress = (started: Spawner, mode: NetworkMode) => {
    addresses ??= createAddressPool(mode === 'namespace' ? (started.abilities.subnet ?? '') : loopbackPrefix())
    return addresses.take()
  }

  async function start(spec: SandboxSpec): Promise<Sandbox> {
    try {
      const started = await spawner
      if (network === 'namespace' && !started.abilities.subnet) {
        throw new Error(started.abilities.notes.join('; ') || 'network namespaces are not allowed')
      }
      const mode = spec.hostNetwork ? 'none' : modeOf(started)
      const ip = mode === 'none' ? '127.0.0.1' : takeAddress(started, mode)
      const id = environment.random.uuid().replaceAll('-', '')
      const [files] = await Promise.all([
        createPodFiles(path.join(directory, 'pods', id), spec, ip),
        mode === 'namespace' && started.request({ op: 'joinNetwork', sandboxId: id, address: ip }),
      ])
      const { namespace, name, attempt, uid } = spec
      const createdAtMs = environment.clock.now()
      const sandbox = { id, podUid: uid, namespace, name, attempt, ip, ready: true, createdAtMs }
      pods.set(id, { sandbox, spec, files, bindAddress: mode === 'loopback' ? ip : undefined })
      return sandbox
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause)
      throw new RuntimeError('FailedCreatePodSandBox', `Cannot create sandbox of "${spec.name}": ${detail}`, { cause })
    }
  }

  async function stop(sandboxId: string): Promise<void> {
    const pod = pods.get(sandboxId)
    if (!pod?.sandbox.ready) return
    pods.set(sandboxId, { ...pod, sandbox: { ...pod.sandbox, ready: false } })
    const started = await spawner
    if (!pod.spec.hostNetwork) {
      if (modeOf(started) === 'namespace') await started.request({ op: 'leaveNetwork', sandboxId })
      addresses?.free(pod.sandbox.ip)
    }
  }

  return {
    start,
    stop,
    async remove(sandboxId) {
      const pod = pods.get(sandboxId)
      if (!pod) return
      await stop(sandboxId)
      await rm(pod.files.directory, { recursive: true, force: true })
      pods.delete(sandboxId)
    },
    find: (sandboxId) => pods.get(sandboxId)?.sandbox,
    surroundings: (sandboxId) => pods.get(sandboxId),
    list: () => [...pods.values()].map(({ sandbox }) => sandbox),
    async hostAddress() {
      const started = await spawner
      return modeOf(started) === 'namespace' ? `${started.abilities.subnet}.1` : '127.0.0.1'
    },
  }
}
