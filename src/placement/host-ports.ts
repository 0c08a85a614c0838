import type { Pod } from '../api/generated/core-v1.ts'

/** A port of the node that a pod takes for itself. */
export interface HostPort {
  /** `0.0.0.0` is every address of the node. */
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

const EVERY_ADDRESS = '0.0.0.0'

/** The host ports of `pod`'s containers, restartable init containers included. */
export function hostPorts(pod: Pod): readonly HostPort[] {
  const sidecars = pod.spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? []
  return [...sidecars, ...(pod.spec?.containers ?? [])].flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
      .map((port) => ({
        ip: port.hostIP === undefined || port.hostIP === '' ? EVERY_ADDRESS : port.hostIP,
        protocol: port.protocol ?? 'TCP',
        port: port.hostPort ?? 0,
      })),
  )
}

/** Whether two ports cannot be taken on one node. */
export function conflicts(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false
  return a.ip === b.ip || a.ip === EVERY_ADDRESS || b.ip === EVERY_ADDRESS
}
