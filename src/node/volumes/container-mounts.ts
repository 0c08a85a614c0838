import { mkdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Container, VolumeMount } from '../../api/generated/core-v1.ts'
import type { Mount } from '../../runtime/runtime.ts'
import { ContainerConfigError } from '../config-error.ts'
import type { PodVolume, PodVolumes } from './pod-volumes.ts'

/** What of the pod's volumes a container sees, and where. Directories of subpaths are made where they are missing. */
export function containerMounts(
  container: Container,
  volumes: PodVolumes,
  expandPath: (text: string) => string,
): readonly Mount[] {
  return (container.volumeMounts ?? []).map((mount): Mount => {
    const volume = volumes.get(mount.name)
    if (volume === undefined) throw new ContainerConfigError(`volume "${mount.name}" is not one of the pod's volumes`)
    return {
      hostPath: placeOf(mount, volume, expandPath),
      containerPath: mount.mountPath,
      readOnly: mount.readOnly === true || volume.readOnly,
      ...(mount.mountPropagation !== undefined && { propagation: mount.mountPropagation as 'None' }),
    }
  })
}

function placeOf({ subPath, subPathExpr }: VolumeMount, volume: PodVolume, expandPath: (text: string) => string) {
  const below = subPath ?? (subPathExpr === undefined ? '' : expandPath(subPathExpr))
  if (below === '') return volume.path
  if (path.isAbsolute(below)) throw new ContainerConfigError(`error SubPath \`${below}\` must not be an absolute path`)
  if (below.split('/').includes('..'))
    throw new ContainerConfigError(`unable to provision SubPath \`${below}\`: must not contain '..'`)
  return volume.isSimulated === true ? path.join(volume.path, below) : within(volume, below)
}

/**
 * The file or directory itself, links resolved: a container that later puts a link in its place changes nothing of what
 * was mounted, and none leads out of the volume.
 */
function within(volume: PodVolume, below: string): string {
  const root = realpathSync(volume.path)
  const wanted = path.join(root, below)
  const inside = (file: string) => file === root || file.startsWith(root + path.sep)
  const leads = () => new ContainerConfigError(`failed to prepare subPath for volumeMount: "${below}" leads out of it`)
  let existing = wanted
  while (!exists(existing)) existing = path.dirname(existing)
  if (!inside(realpathSync(existing))) throw leads()
  if (existing !== wanted) mkdirSync(wanted, { recursive: true, mode: statSync(root).mode & 0o7777 })
  const place = realpathSync(wanted)
  if (!inside(place)) throw leads()
  return place
}

function exists(file: string): boolean {
  try {
    realpathSync(file)
    return true
  } catch {
    return false
  }
}
