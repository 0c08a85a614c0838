import { ComputeError } from '../errors.ts'

/** Volumes that the workers share: names to where they lie on a worker and, where it has them, at the driver. */
export type Volumes = Readonly<Record<string, Volume>>

export interface Volume {
  /** Where the workers see it. */
  readonly mountPath: string
  /** Where the driver sees it, or that it does not. Default: at the same place. */
  readonly driverPath?: string | false
}

/** What workers can reach beside what the driver hands them. */
export interface Reachable {
  readonly volumes: Volumes
  /** Workers are of this machine: they reach its own addresses too. */
  readonly isLocal: boolean
}

/** Refuses an address that means another machine to each who asks it. */
export function refuseLoopback(uri: string, address: string, { isLocal }: Reachable): void {
  if (isLocal || !/^(localhost|.*\.localhost|127\.[\d.]+|\[::1\]|0\.0\.0\.0)$/.test(new URL(address).hostname)) return
  const message = `Cannot reach "${uri}" from the workers: ${new URL(address).host} is each machine’s own, and they are on others`
  const hint = 'Name the server by an address that the workers reach'
  throw new ComputeError('SHOAL_UNREACHABLE', message, { hint, facts: { uri } })
}

/** A place on a volume: `volume://name/path`. */
export interface OnVolume {
  readonly driverRoot: string
  readonly workerRoot: string
  readonly path: string
}

/** Where the driver and the workers find it. Refuses volumes that nobody declared. */
export function onVolume(uri: string, volumes: Volumes): OnVolume {
  const [, name = '', path = ''] = /^volume:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? []
  const volume = volumes[name]
  if (volume === undefined) {
    const declared = Object.keys(volumes).join(', ') || 'none'
    const message = `Cannot reach "${uri}": the workers have no volume "${name}", declared: ${declared}`
    const hint = 'Declare it: connect({ workers: { volumes: { NAME: { hostPath: ... } } } })'
    throw new ComputeError('SHOAL_UNREACHABLE', message, { hint, facts: { volume: name } })
  }
  if (volume.driverPath === false) {
    const message = `Cannot reach "${uri}": this program does not see the volume "${name}", expected to find and commit files there`
    const hint =
      'Submit the program (shoal submit --volume NAME=CLAIM), or mount it here too, and say where: connect({ workers: { volumes: { NAME: { driverPath: ... } } } })'
    throw new ComputeError('SHOAL_UNREACHABLE', message, { hint, facts: { volume: name } })
  }
  return { driverRoot: volume.driverPath ?? volume.mountPath, workerRoot: volume.mountPath, path }
}
