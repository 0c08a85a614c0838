import type { Service } from '../api/generated/core-v1.ts'
import type { EndpointSlice } from '../api/generated/discovery-v1.ts'
import type { Client } from '../client/client.ts'
import { sleep } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import type { EventRecorder } from '../reconcile/event-recorder.ts'
import type { PodNetwork } from '../runtime/pod-network.ts'
import { createKernelBalancer } from './kernel/kernel-balancer.ts'
import { createLoadBalancers } from './services/load-balancers.ts'
import { servicePorts } from './services/service-port.ts'
import type { ServicePort } from './services/service-port.ts'
import { createEndpointLinks } from './userland/endpoint-links.ts'
import { listenerKey } from './userland/listener.ts'
import { createUserlandBalancer } from './userland/userland-balancer.ts'
import type { UserlandBalancer } from './userland/userland-balancer.ts'

/** A Service as it is now, or that it is gone. */
export interface ServiceState {
  readonly key: string
  readonly service: Service | undefined
  readonly slices: readonly EndpointSlice[]
}

/** Brings what Services say into effect: in the kernel where pods have networks of their own, by listening elsewhere. */
export interface DataPlane {
  /** Resolves, when all is in effect, to the keys of those that have to be looked at again. */
  apply(states: readonly ServiceState[]): Promise<readonly string[]>
  close(): Promise<void>
}

export interface DataPlaneOptions {
  readonly env: Environment
  readonly client: Client
  readonly events: EventRecorder
  readonly network: PodNetwork
  readonly serviceRange: string
}

/** Whose servers listen at their Services' addresses themselves, where these are on loopback. */
const LISTENED_ON = new Set(['default/kubernetes', 'kube-system/kube-dns'])
const LOOPBACK = '127.0.0.1'
/** Between its look at the endpoints and its connection a program may be kept waiting by others: so long, in milliseconds. */
const ON_THE_WAY_MS = 10

export function openDataPlane(options: DataPlaneOptions): DataPlane {
  const { env, client, events, network, serviceRange } = options
  const { rule, route, hostAddress, endpoints } = network
  const isLocal = serviceRange.startsWith('127.')
  const nodeAddresses = [...new Set([hostAddress, LOOPBACK])]
  const { table = 'shoal', isHost = false, filters = true } = network
  const place = { table: `ip ${table}`, isHost, masquerade: !filters, serviceRange }
  const kernel = rule && createKernelBalancer({ env, rule, place, nodeAddresses: nodeAddresses.filter(isOutside) })
  const routed = route?.(serviceRange)
  // Told to whoever waits for the first Service.
  routed?.catch(() => {})
  const userland = createUserlandBalancer(env, { clusterIps: isLocal, nodeAddresses })
  const links = isLocal && endpoints !== undefined ? createEndpointLinks(endpoints) : undefined
  const balancers = createLoadBalancers({ client, events, hostAddress })

  const portsOf = ({ key, service, slices }: ServiceState): readonly ServicePort[] => {
    if (service === undefined || (isLocal && LISTENED_ON.has(key))) return []
    const address = balancers.addressOf(service)
    const ports = servicePorts(service, slices, () => true)
    return address === undefined ? ports : ports.map((port) => ({ ...port, balancerIps: [address] }))
  }
  return {
    async apply(states) {
      const changes = new Map(states.map((state) => [state.key, portsOf(state)]))
      const areOnTheWay = links?.apply(changes) === true
      await Promise.all([routed, kernel?.apply(changes), userland.apply(changes)])
      if (areOnTheWay) await sleep(env.timers, ON_THE_WAY_MS)
      const again: string[] = []
      for (const { key, service } of states) {
        if (service === undefined) continue
        tellOfPorts(events, service, changes.get(key) ?? [], userland)
        if ((await balancers.settle(service, userland.failures)) === 'moved') again.push(key)
      }
      return again
    },
    close: () => userland.close(),
  }
}

const isOutside = (address: string) => address !== LOOPBACK

/** What of the Service is not as it asks for. */
function tellOfPorts(
  events: EventRecorder,
  about: Service,
  ports: readonly ServicePort[],
  { failures, shifted }: UserlandBalancer,
): void {
  const warn = (reason: string, message: string) => events.record({ about, type: 'Warning', reason, message })
  for (const { protocol } of about.spec?.ports ?? []) {
    if (protocol === 'SCTP') warn('ProtocolNotSupported', 'SCTP is not balanced here, only TCP and UDP are')
  }
  for (const { clusterIps, balancerIps, port, protocol, nodePort } of ports) {
    const places = [...clusterIps, ...balancerIps].map((host) => ({ host, port, protocol }))
    if (nodePort !== undefined) places.push({ host: LOOPBACK, port: nodePort, protocol })
    for (const place of places) {
      const [failure, other] = [failures.get(listenerKey(place)), shifted.get(listenerKey(place))]
      if (failure !== undefined) warn('PortNotAvailable', `Cannot listen on ${place.host}:${place.port}: ${failure}`)
      if (other !== undefined) {
        warn(
          'PortShifted',
          `${place.host}:${place.port} needs privileges; programs of the host use port ${other} there`,
        )
      }
    }
  }
}
