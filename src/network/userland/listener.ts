import type { ServicePort, Target } from '../services/service-port.ts'

/** An address and port at which the userland balancer stands for targets. */
export interface Listener {
  readonly host: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP'
  readonly targets: readonly Target[]
  readonly affinitySeconds?: number
  /** Who may connect, as ranges; empty: everybody. */
  readonly sourceRanges: readonly string[]
}

export const listenerKey = ({ host, port, protocol }: Pick<Listener, 'host' | 'port' | 'protocol'>) =>
  `${protocol} ${host}:${port}`

export interface ListenerPlace {
  /** Addresses of Services are addresses of this machine, on loopback. */
  readonly clusterIps: boolean
  /** Where node ports are listened on. */
  readonly nodeAddresses: readonly string[]
}

/**
 * Where a port of a Service is listened on. Ports of nodes and load balancers are held even while there is no target, so
 * that nobody else gets them; an address of the Service itself is then not there, so that connections are refused.
 */
export function listenersOf(port: ServicePort, place: ListenerPlace): readonly Listener[] {
  const at = (host: string, number: number, targets: readonly Target[], sourceRanges: readonly string[] = []) => ({
    host,
    port: number,
    protocol: port.protocol,
    targets,
    sourceRanges,
    ...(port.affinitySeconds !== undefined && { affinitySeconds: port.affinitySeconds }),
  })
  const inside = place.clusterIps && port.internal.length > 0 ? port.clusterIps : []
  const outside = port.balancerIps.filter((ip) => !port.clusterIps.includes(ip))
  const { nodePort } = port
  return [
    ...inside.map((ip) => at(ip, port.port, port.internal)),
    ...outside.map((ip) => at(ip, port.port, port.external, port.sourceRanges)),
    ...(nodePort === undefined ? [] : place.nodeAddresses.map((ip) => at(ip, nodePort, port.external))),
  ]
}
