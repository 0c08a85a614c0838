import { chmodSync, mkdirSync } from 'node:fs'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Container, HostPathVolumeSource, Volume } from '../../api/generated/core-v1.ts'
import type { Mount } from '../../runtime/runtime.ts'
import { ContainerConfigError, VolumeError } from '../config-error.ts'
import { apiFiles } from './projected.ts'
import type { VolumeContext } from './projected.ts'
import { writeVolume } from './volume-files.ts'

/** Where each volume of a pod lies on the host, by name. */
export type PodVolumes = ReadonlyMap<string, string>

/**
 * Provides all volumes of the pod under `directory`. Rejects with a {@link VolumeError} that names the volume; what was
 * made so far stays, and the next try goes over it.
 */
export async function provideVolumes(context: VolumeContext, directory: string): Promise<PodVolumes> {
  const provideOne = async (volume: Volume) => {
    try {
      return [volume.name, await provide(context, volume, path.join(directory, volume.name))] as const
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${reason}`, { cause })
    }
  }
  return new Map(await Promise.all((context.pod.spec?.volumes ?? []).map(provideOne)))
}

async function provide(context: VolumeContext, volume: Volume, target: string): Promise<string> {
  if (volume.hostPath !== undefined) return await hostPath(volume.hostPath)
  const files = await apiFiles(context, volume)
  if (files !== undefined) {
    writeVolume(target, files)
    return target
  }
  if (volume.emptyDir === undefined) throw new VolumeError('this sort of volume is not supported by this node')
  // Anybody may write, whoever the container runs as: the umask has no say in it.
  mkdirSync(target, { recursive: true })
  chmodSync(target, 0o777)
  return target
}

/** Checks or creates a path of the host, as its `type` asks. */
async function hostPath({ path: host, type = '' }: HostPathVolumeSource): Promise<string> {
  if (type === 'DirectoryOrCreate') await mkdir(host, { recursive: true, mode: 0o755 })
  if (type === 'FileOrCreate') await writeFile(host, '', { flag: 'a', mode: 0o644 })
  if (type === '' || type.endsWith('OrCreate')) return host
  const found = await stat(host).catch(() => undefined)
  const checks: Readonly<Record<string, boolean | undefined>> = {
    Directory: found?.isDirectory(),
    File: found?.isFile(),
    Socket: found?.isSocket(),
    CharDevice: found?.isCharacterDevice(),
    BlockDevice: found?.isBlockDevice(),
  }
  if (checks[type] !== true) throw new VolumeError(`hostPath type check failed: ${host} is not a ${type.toLowerCase()}`)
  return host
}

/** What of the pod's volumes a container sees, and where. */
export function containerMounts(container: Container, volumes: PodVolumes, expandPath: (text: string) => string) {
  return (container.volumeMounts ?? []).map((mount): Mount => {
    const host = volumes.get(mount.name)
    if (host === undefined) throw new ContainerConfigError(`volume "${mount.name}" is not one of the pod's volumes`)
    const below = mount.subPath ?? (mount.subPathExpr === undefined ? '' : expandPath(mount.subPathExpr))
    if (below.split('/').includes('..')) throw new ContainerConfigError(`subPath "${below}" leads out of the volume`)
    return {
      hostPath: below === '' ? host : path.join(host, below),
      containerPath: mount.mountPath,
      readOnly: mount.readOnly === true,
    }
  })
}

/** Removes what the pod left in its volumes. */
export async function removeVolumes(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
}
