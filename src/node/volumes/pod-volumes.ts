import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Volume } from '../../api/generated/core-v1.ts'
import { VolumeError } from '../config-error.ts'
import { claimNameOf, claimVolume } from './claim-volume.ts'
import { provideHostPath } from './host-path.ts'
import { giveToGroup } from './ownership.ts'
import { apiFiles } from './projected.ts'
import type { PodTokens } from './pod-tokens.ts'
import type { VolumeContext } from './projected.ts'
import { writeVolume } from './volume-files.ts'
import type { VolumeFile } from './volume-files.ts'

/** Where a volume of a pod lies on the host. */
export interface PodVolume {
  readonly path: string
  /** Nobody may write it, whatever the mount says. */
  readonly readOnly: boolean
  /** What was written, of a volume whose content comes from the API. */
  readonly files?: readonly VolumeFile[]
  /** There is no such place: containers only seem to run. */
  readonly isSimulated?: true
}

/** The volumes of a pod by name. */
export type PodVolumes = ReadonlyMap<string, PodVolume>

/** Where volumes of a pod are made: on disk, and where the machine allows it in memory. */
export interface VolumePlaces {
  readonly disk: string
  readonly memory: string
}

/**
 * Provides all volumes of the pod. Rejects with a {@link VolumeError} that names the volume; what was made so far stays,
 * and the next try goes over it.
 */
export async function provideVolumes(context: VolumeContext, places: VolumePlaces): Promise<PodVolumes> {
  return await eachVolume(context, (volume) => provide(context, volume, places))
}

/** No volume is made, but each must be there to be made: what it names exists, and its claim is bound. */
export async function simulateVolumes(context: VolumeContext): Promise<PodVolumes> {
  return await eachVolume(context, async (volume) => {
    const claimName = claimNameOf(context.pod, volume)
    if (claimName !== undefined) await claimVolume(context.client, context.pod, claimName)
    else await apiFiles({ ...context, tokens: NO_TOKENS }, volume)
    return { path: `/simulated/${volume.name}`, readOnly: false, isSimulated: true }
  })
}

/** Nobody reads the tokens of a simulated pod: none is asked for. */
const NO_TOKENS: PodTokens = { tokenFor: async () => '', refreshAtMs: undefined }

async function eachVolume(context: VolumeContext, make: (volume: Volume) => Promise<PodVolume>): Promise<PodVolumes> {
  const provideOne = async (volume: Volume) => {
    try {
      return [volume.name, await make(volume)] as const
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${reason}`, { cause })
    }
  }
  return new Map(await Promise.all((context.pod.spec?.volumes ?? []).map(provideOne)))
}

async function provide(context: VolumeContext, volume: Volume, places: VolumePlaces): Promise<PodVolume> {
  const { client, pod } = context
  if (volume.hostPath !== undefined) return { path: await provideHostPath(volume.hostPath), readOnly: false }
  const claimName = claimNameOf(pod, volume)
  if (claimName !== undefined) {
    const readOnly = volume.persistentVolumeClaim?.readOnly === true
    const { path: place, isOwnable } = await claimVolume(client, pod, claimName)
    if (isOwnable) giveToGroup(pod, place, readOnly)
    return { path: place, readOnly }
  }
  const target = path.join(places.disk, volume.name)
  const files = await apiFiles(context, volume)
  if (files !== undefined) return writeApiVolume(context, target, files)
  if (volume.emptyDir === undefined) throw new VolumeError('this sort of volume is not supported by this node')
  const isInMemory = volume.emptyDir.medium === 'Memory' && existsSync(path.dirname(path.dirname(places.memory)))
  return provideEmptyDir(context, isInMemory ? path.join(places.memory, volume.name) : target)
}

function provideEmptyDir({ pod }: VolumeContext, place: string): PodVolume {
  // Anybody may write, whoever the container runs as: the umask has no say in it.
  mkdirSync(place, { recursive: true })
  chmodSync(place, 0o777)
  giveToGroup(pod, place, false)
  return { path: place, readOnly: false }
}

function writeApiVolume({ pod }: VolumeContext, target: string, files: readonly VolumeFile[]): PodVolume {
  writeVolume(target, files, (fresh) => giveToGroup(pod, fresh, true))
  return { path: target, readOnly: true, files }
}

/** Brings volumes whose content comes from the API up to date; returns those that changed. */
export async function refreshVolumes(context: VolumeContext, volumes: PodVolumes): Promise<PodVolumes> {
  const changed = new Map<string, PodVolume>()
  for (const volume of context.pod.spec?.volumes ?? []) {
    const known = volumes.get(volume.name)
    if (known?.files === undefined) continue
    const files = await apiFiles(context, volume)
    if (files !== undefined && !sameFiles(files, known.files))
      changed.set(volume.name, writeApiVolume(context, known.path, files))
  }
  return changed
}

function sameFiles(a: readonly VolumeFile[], b: readonly VolumeFile[]): boolean {
  return (
    a.length === b.length &&
    a.every((file, index) => {
      const other = b[index]
      return (
        file.path === other?.path &&
        file.mode === other.mode &&
        Buffer.from(file.bytes).equals(Buffer.from(other.bytes))
      )
    })
  )
}

/** Removes what the pod left in its volumes. */
export async function removeVolumes(...directories: readonly string[]): Promise<void> {
  await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })))
}
