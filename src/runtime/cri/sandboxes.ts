import { RuntimeError } from '../runtime.ts'
import type { Sandbox, SandboxSpec } from '../runtime.ts'
import { CriError } from './connection.ts'
import type { CriConnection } from './connection.ts'
import type { ListedSandbox, PodSandboxConfig } from './messages.ts'
import {
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
import { cgroupOf, OWNER_LABEL, sandboxConfig } from './sandbox-config.ts'

/** A sandbox with what its containers are made with. */
export interface PodSandbox {
  readonly sandbox: Sandbox
  readonly config: PodSandboxConfig
  readonly directory: PodDirectory
}

export interface Sandboxes {
  start(spec: SandboxSpec): Promise<Sandbox>
  stop(sandboxId: string): Promise<void>
  remove(sandboxId: string): Promise<void>
  find(sandboxId: string): PodSandbox | undefined
  /** Asks the engine whether it is still there. */
  isReady(sandboxId: string): Promise<boolean>
  /** Asks the engine which there are, ready or not. */
  list(): Promise<readonly Sandbox[]>
}

export interface SandboxContext {
  readonly connection: CriConnection
  /** Told apart from those of others by this label. */
  readonly owner: string
  /** Where pods' logs and hosts files lie. */
  readonly directory: string
  /** The address of pods in the node's own network. */
  readonly hostAddress: string
  /** Whether an owner will never come for what it has left. */
  readonly isDead?: (owner: string) => boolean
}

/** `known`: those that an earlier life has left, ready to be adopted. */
export async function openSandboxes(context: SandboxContext): Promise<Sandboxes> {
  const { connection, owner } = context
  const pods = new Map<string, PodSandbox>()
  /** Pods whose last start failed: the engine may have gone away in the middle of it, and have made the sandbox all the same. */
  const failed = new Set<string>()
  await sweep(context)
  for (const listed of await listOwn(context)) {
    const adopted = await adopt(context, listed)
    if (adopted === undefined) await discard(connection, listed.id)
    else pods.set(listed.id, adopted)
  }
  await removeOtherDirectories(context.directory, pods.values())
  const removeStrays = async (uid: string) => {
    const strays = (await listOwn(context)).filter(({ id, metadata }) => metadata.uid === uid && !pods.has(id))
    for (const { id } of strays) await discard(connection, id)
  }
  return {
    async start(spec) {
      const attempt = nextAttempt(spec, pods.values())
      if (failed.has(spec.uid)) await removeStrays(spec.uid)
      failed.add(spec.uid)
      const pod = await startSandbox(context, spec, attempt)
      failed.delete(spec.uid)
      pods.set(pod.sandbox.id, pod)
      return pod.sandbox
    },
    async stop(sandboxId) {
      const pod = pods.get(sandboxId)
      if (pod === undefined || !pod.sandbox.ready) return
      await connection.call('StopPodSandbox', { podSandboxId: sandboxId }).catch(ignoreNotFound)
      pods.set(sandboxId, { ...pod, sandbox: { ...pod.sandbox, ready: false } })
    },
    async remove(sandboxId) {
      const pod = pods.get(sandboxId)
      if (pod === undefined) return
      await discard(connection, sandboxId)
      await removePodDirectory(pod.directory)
      pods.delete(sandboxId)
      removePodCgroup(pod.config.linux.cgroupParent)
    },
    find: (sandboxId) => pods.get(sandboxId),
    async isReady(podSandboxId) {
      const found = await connection.call('PodSandboxStatus', { podSandboxId }).catch(ignoreNotFound)
      return found?.status?.state === 'SANDBOX_READY'
    },
    async list() {
      const listed = new Map((await listOwn({ connection, owner })).map((each) => [each.id, each]))
      for (const [id, pod] of pods) {
        const ready = listed.get(id)?.state === 'SANDBOX_READY'
        if (pod.sandbox.ready && !ready) pods.set(id, { ...pod, sandbox: { ...pod.sandbox, ready } })
      }
      return [...pods.values()].map(({ sandbox }) => sandbox)
    },
  }
}

async function listOwn({ connection, owner }: Pick<SandboxContext, 'connection' | 'owner'>) {
  const filter = { labelSelector: { [OWNER_LABEL]: owner } }
  return (await connection.call('ListPodSandbox', { filter })).items
}

/** Removes what owners have left that are dead and come no more. */
async function sweep({ connection, isDead }: SandboxContext): Promise<void> {
  for (const { id, labels, metadata } of (await connection.call('ListPodSandbox', { filter: {} })).items) {
    const owner = labels[OWNER_LABEL]
    if (owner === undefined || isDead?.(owner) !== true) continue
    await discard(connection, id)
    removePodCgroup(cgroupOf(metadata.uid))
  }
}

/** Stops and removes it with all its containers; one that is gone is no error. */
async function discard(connection: CriConnection, podSandboxId: string): Promise<void> {
  await connection.call('StopPodSandbox', { podSandboxId }).catch(ignoreNotFound)
  await connection.call('RemovePodSandbox', { podSandboxId }).catch(ignoreNotFound)
}

export function ignoreNotFound(error: unknown): void {
  if (!(error instanceof CriError && error.code === 'NotFound')) throw error
}

async function startSandbox(context: SandboxContext, spec: SandboxSpec, attempt: number): Promise<PodSandbox> {
  const directory = podDirectory(context.directory, spec.uid, attempt)
  const config = sandboxConfig(spec, attempt, context.owner, directory.logs)
  try {
    await makePodDirectory(directory, spec)
    const { podSandboxId } = await context.connection.call('RunPodSandbox', { config })
    const sandbox = await statusOf(context, podSandboxId)
    await writeHosts(directory, spec, sandbox.ip)
    return { sandbox, config, directory }
  } catch (cause) {
    await removePodDirectory(directory)
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new RuntimeError('FailedCreatePodSandBox', detail, { cause })
  }
}

async function statusOf({ connection, hostAddress }: SandboxContext, podSandboxId: string): Promise<Sandbox> {
  const { status } = await connection.call('PodSandboxStatus', { podSandboxId })
  if (status === null) throw new CriError('NotFound', `sandbox ${podSandboxId} has no status`)
  const { uid, namespace, name, attempt } = status.metadata
  return {
    id: podSandboxId,
    podUid: uid,
    namespace,
    name,
    attempt,
    ip: status.network?.ip || hostAddress,
    ready: status.state === 'SANDBOX_READY',
    createdAtMs: status.createdAt / 1e6,
  }
}

/** What an earlier life has left; undefined where its files are gone, so that nothing could be added to it. */
async function adopt(context: SandboxContext, listed: ListedSandbox): Promise<PodSandbox | undefined> {
  const { uid, attempt } = listed.metadata
  const directory = podDirectory(context.directory, uid, attempt)
  const spec = specKeptIn(directory)
  if (spec === undefined) return undefined
  const sandbox = await statusOf(context, listed.id)
  if (!sandbox.ready) await endStopping(context, listed.id)
  await writeHosts(directory, spec, sandbox.ip)
  return { sandbox, config: sandboxConfig(spec, attempt, context.owner, directory.logs), directory }
}

/** An earlier life, or its engine, may have been killed while the network was given back: its address would stay taken. */
async function endStopping({ connection }: SandboxContext, podSandboxId: string): Promise<void> {
  const { info } = await connection.call('PodSandboxStatus', { podSandboxId, verbose: true })
  const { netNsClosed } = JSON.parse(info['info'] ?? '{}') as { readonly netNsClosed?: boolean }
  if (netNsClosed === true) return
  // Where it cannot be had now either, it is given back when the sandbox is removed.
  await connection.call('StopPodSandbox', { podSandboxId }).catch(() => undefined)
}
