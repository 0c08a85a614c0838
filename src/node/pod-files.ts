import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Pod } from '../api/generated/core-v1.ts'
import type { Environment } from '../env/environment.ts'
import { provideVolumes, refreshVolumes, removeVolumes, simulateVolumes } from './volumes/pod-volumes.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'
import type { VolumeContext } from './volumes/projected.ts'

/** What the kubelet keeps of a termination message: 4 KiB. */
const MESSAGE_BYTES = 4096

/**
 * What the agent keeps on disk for pods: volumes and termination messages. A simulated node has none, so that a thousand
 * of them write nothing.
 */
export interface PodFiles {
  provide(context: VolumeContext): Promise<PodVolumes>
  /** Brings volumes up to date with the API; resolves to those that changed. */
  refresh(context: VolumeContext, volumes: PodVolumes): Promise<PodVolumes>
  /** An empty file for the container's last words; undefined where nobody could read it. */
  messageFile(pod: Pod, container: string, attempt: number): Promise<string | undefined>
  readMessage(pod: Pod, container: string, attempt: number): Promise<string>
  /** How the machine itself finds names, in the form of resolv.conf; empty where nothing says so. */
  hostResolver(): Promise<string>
  /** The uids of pods that there are files of, which may be those of an earlier life. */
  kept(): Promise<readonly string[]>
  remove(uid: string): Promise<void>
}

/** A file system in memory, where the machine has one. */
const MEMORY = '/dev/shm'

/** Files under `directory`, a folder for each pod by its uid; volumes in memory lie in a folder of the same name there. */
export function createPodFiles(directory: string): PodFiles {
  const memoryOf = (uid = '') => path.join(MEMORY, path.basename(path.dirname(directory)), uid)
  const folderOf = (uid = '') => path.join(directory, uid)
  const messageOf = (pod: Pod, container: string, attempt: number) =>
    path.join(folderOf(pod.metadata.uid), 'messages', `${container}-${attempt}`)
  return {
    provide(context) {
      const { uid } = context.pod.metadata
      return provideVolumes(context, { disk: path.join(folderOf(uid), 'volumes'), memory: memoryOf(uid) })
    },
    refresh: refreshVolumes,
    async messageFile(pod, container, attempt) {
      const file = messageOf(pod, container, attempt)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, '')
      chmodSync(file, 0o666)
      return file
    },
    async readMessage(pod, container, attempt) {
      return beginningOf(messageOf(pod, container, attempt))
    },
    hostResolver: () => readFile('/etc/resolv.conf', 'utf8').catch(() => ''),
    kept: () => readdir(directory).catch(() => []),
    remove: (uid) => removeVolumes(folderOf(uid), memoryOf(uid)),
  }
}

/** What a container wrote may be of any size; only its beginning is read. */
function beginningOf(file: string): string {
  if (!existsSync(file)) return ''
  const descriptor = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(MESSAGE_BYTES)
    return bytes.subarray(0, readSync(descriptor, bytes)).toString()
  } finally {
    closeSync(descriptor)
  }
}

/** Waits for agents that know their pods, then removes those of `uids`, which were there before, that none of them works on. */
export async function removeForgotten(
  { log }: Environment,
  files: PodFiles,
  uids: readonly string[],
  agents: readonly { readonly ready: Promise<void>; has(uid: string): boolean }[],
): Promise<void> {
  try {
    await Promise.all(agents.map(({ ready }) => ready))
    for (const uid of uids) if (!agents.some((agent) => agent.has(uid))) await files.remove(uid)
  } catch (error) {
    log.warn('files of gone pods were not removed', { error })
  }
}

/** No files at all: for nodes whose containers are simulated. Every volume is there, once what it names is, and empty. */
export const noFiles: PodFiles = {
  provide: simulateVolumes,
  refresh: async () => new Map(),
  messageFile: async () => undefined,
  readMessage: async () => '',
  hostResolver: async () => '',
  kept: async () => [],
  remove: async () => {},
}
