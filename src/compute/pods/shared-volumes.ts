import { existsSync } from 'node:fs'
import type { Volume, VolumeMount } from '../../api/generated/core-v1.ts'
import type { Volumes } from '../sources/reachable.ts'

/** A volume that all workers of a session share: a claim of the namespace, or a directory of the machines. */
export interface WorkerVolume {
  /** The name of a PersistentVolumeClaim that all of them may mount. */
  readonly claim?: string
  /** A directory that each machine has, and that is the same one: of one machine, or of a network's file system. */
  readonly hostPath?: string
  /** Where workers see it. Default: `hostPath`, or `/volumes/NAME` for a claim. */
  readonly mountPath?: string
  /**
   * Where this program sees it, to look for files and to commit what was written. Default: `hostPath`; of a claim where workers see it, in
   * a driver's pod that was given it (`shoal submit --volume`), and nowhere else.
   */
  readonly driverPath?: string
  /** Default false. */
  readonly readOnly?: boolean
}

export type WorkerVolumes = Readonly<Record<string, WorkerVolume>>

const mountPathOf = (name: string, { mountPath, hostPath }: WorkerVolume): string =>
  mountPath ?? hostPath ?? `/volumes/${name}`

/** Where driver and workers find what `volume://NAME/path` names. A driver in a pod may have been given the volumes of its workers. */
export function volumePlaces(volumes: WorkerVolumes, isPod: boolean): Volumes {
  return Object.fromEntries(
    Object.entries(volumes).map(([name, volume]) => {
      const mountPath = mountPathOf(name, volume)
      const ofPod = isPod && existsSync(mountPath) ? mountPath : false
      return [name, { mountPath, driverPath: volume.driverPath ?? volume.hostPath ?? ofPod }]
    }),
  )
}

const podName = (name: string) => `shared-${name}`

export function sharedVolumes(volumes: WorkerVolumes = {}): Volume[] {
  return Object.entries(volumes).map(([name, { claim, hostPath, readOnly = false }]): Volume => {
    if (claim !== undefined) return { name: podName(name), persistentVolumeClaim: { claimName: claim, readOnly } }
    if (hostPath !== undefined) return { name: podName(name), hostPath: { path: hostPath, type: 'Directory' } }
    throw new TypeError(`Cannot give workers the volume "${name}": it has no source, expected a claim or a hostPath`)
  })
}

export function sharedMounts(volumes: WorkerVolumes = {}): VolumeMount[] {
  return Object.entries(volumes).map(([name, volume]) => {
    const mountPath = mountPathOf(name, volume)
    return { name: podName(name), mountPath, ...(volume.readOnly === true ? { readOnly: true } : {}) }
  })
}
