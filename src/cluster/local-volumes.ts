import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { PersistentVolume } from '../api/generated/core-v1.ts'
import { persistentVolumes, storageClasses } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import { createInformer } from '../informer/informer.ts'

const PROVISIONER = 'shoal.dev/local'
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by'

/** Directories on this machine for claims that name no class of their own. */
export interface LocalVolumes {
  close(): Promise<void>
}

/**
 * Creates the class `standard`, the cluster's default, whose volumes are directories under `directory`, and removes the
 * directories of volumes that are deleted, those that were deleted while nobody looked included.
 */
export async function startLocalVolumes(env: Environment, client: Client, directory: string): Promise<LocalVolumes> {
  await ensureClass(client, directory)
  const informer = createInformer(env, client, persistentVolumes)
  const failed = (error: unknown) => env.log.warn('the directory of a deleted volume was not removed', { error })
  const removals = new Set<Promise<void>>()
  const remove = (folder: string) => {
    const removal: Promise<void> = rm(folder, { recursive: true, force: true })
      .catch(failed)
      .finally(() => removals.delete(removal))
    removals.add(removal)
  }
  const deleted = (volume: PersistentVolume) => {
    const folder = directoryOf(volume, directory)
    if (folder !== undefined && volume.spec?.persistentVolumeReclaimPolicy === 'Delete') remove(folder)
  }
  informer.listen({ added: () => {}, updated: () => {}, deleted })
  const sweep = async () => {
    await informer.synced
    const wanted = new Set(informer.list().map((volume) => directoryOf(volume, directory)))
    for (const name of await readdir(directory).catch(() => [])) {
      const folder = path.join(directory, name)
      if (name.startsWith('pvc-') && !wanted.has(folder)) remove(folder)
    }
  }
  sweep().catch(() => {})
  return {
    async close() {
      await informer.close()
      await Promise.all(removals)
    },
  }
}

/** One that is there from an earlier life, or from a user, stays as it is. */
async function ensureClass(client: Client, directory: string): Promise<void> {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' }
  try {
    await client.create(storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'standard', annotations },
      provisioner: PROVISIONER,
      parameters: { path: directory },
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
    })
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
  }
}

/** Where a volume lies that was made under `directory`; nothing else is ever removed. */
function directoryOf({ metadata, spec }: PersistentVolume, directory: string): string | undefined {
  const place = spec?.hostPath?.path
  if (metadata.annotations?.[PROVISIONED_BY] !== PROVISIONER || place === undefined) return undefined
  return path.dirname(place) === directory ? place : undefined
}
