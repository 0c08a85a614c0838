import type { Draft } from '../../api/draft.ts'
import type { Service } from '../../api/generated/core-v1.ts'
import { invalid, invalidError } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'
import type { Store } from '../../store/store.ts'
import { addressRange } from './address-range.ts'
import type { Allocations, Reservation } from './allocations.ts'
import { createPool } from './pool.ts'
import type { Pool } from './pool.ts'

/** Where Services get their addresses and ports. */
export interface ServiceNetwork {
  /** Default `10.96.0.0/12`, as kubeadm has it. */
  readonly serviceRange: string
  /** First and last. Default 30000 and 32767. */
  readonly nodePorts: readonly [number, number]
  /** The first node port that is given out where none is asked for. Default the first of all. */
  readonly firstNodePort: number
}

/** As kubeadm has it. */
export const DEFAULT_SERVICE_RANGE = '10.96.0.0/12'

const TYPE = { group: '', kind: 'Service' }
const HAS_NODE_PORTS = new Set(['NodePort', 'LoadBalancer'])

/** The allocations of a store's Services: those that exist are taken from the start. */
export function createServiceAllocations(store: Store, network: Partial<ServiceNetwork> = {}): Allocations {
  const range = addressRange(network.serviceRange ?? DEFAULT_SERVICE_RANGE)
  const [first, last] = network.nodePorts ?? [30_000, 32_767]
  const addresses = createPool(range.size, (index) => range.at(index))
  const start = Math.max(0, (network.firstNodePort ?? first) - first)
  const ports = createPool(last - first + 1, (index) => String(first + index), start)
  for (const { object } of store.head().list('services')) hold(object as Service, addresses, ports)
  return {
    reserve(resource, object, old) {
      if (resource.storage !== 'services') return undefined
      const taken: Taken[] = []
      try {
        reserveAddress(object as Draft<Service>, old as Service | undefined, addresses, taken, range.contains)
        reservePorts(object as Draft<Service>, old as Service | undefined, ports, taken)
      } catch (error) {
        giveBack(taken)
        throw error
      }
      return reservationOf(taken, object as Service, old as Service | undefined, addresses, ports)
    },
    release(resource, object) {
      if (resource.storage !== 'services') return
      for (const address of addressesOf(object as Service)) addresses.give(address)
      for (const port of portsOf(object as Service)) ports.give(port)
    },
  }
}

interface Taken {
  readonly pool: Pool
  readonly value: string
}

function giveBack(taken: readonly Taken[]): void {
  for (const { pool, value } of taken) pool.give(value)
}

function reservationOf(
  taken: readonly Taken[],
  object: Service,
  old: Service | undefined,
  addresses: Pool,
  ports: Pool,
): Reservation {
  return {
    undo: () => giveBack(taken),
    done() {
      if (old === undefined) return
      const [keptAddresses, keptPorts] = [new Set(addressesOf(object)), new Set(portsOf(object))]
      for (const address of addressesOf(old)) if (!keptAddresses.has(address)) addresses.give(address)
      for (const port of portsOf(old)) if (!keptPorts.has(port)) ports.give(port)
    },
  }
}

function hold(service: Service, addresses: Pool, ports: Pool): void {
  for (const address of addressesOf(service)) addresses.take(address)
  for (const port of portsOf(service)) ports.take(port)
}

function addressesOf({ spec }: Service): readonly string[] {
  return (spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : [])).filter((one) => one !== 'None' && one !== '')
}

function portsOf({ spec }: Service): readonly string[] {
  const ports = (spec?.ports ?? []).map((port) => port.nodePort ?? 0)
  const all = [...ports, spec?.healthCheckNodePort ?? 0]
  return [...new Set(all.filter((port) => port > 0))].map(String)
}

function reserveAddress(
  service: Draft<Service>,
  old: Service | undefined,
  addresses: Pool,
  taken: Taken[],
  contains: (address: string) => boolean,
): void {
  const { spec, metadata } = service
  if (spec === undefined || spec.type === 'ExternalName') {
    if (spec !== undefined) for (const field of ['clusterIP', 'clusterIPs'] as const) delete spec[field]
    return
  }
  spec.clusterIP ||= spec.clusterIPs?.[0] ?? old?.spec?.clusterIP ?? ''
  if (spec.clusterIP === '') {
    spec.clusterIP = take(addresses, taken, 'failed to allocate a serviceIP: range is full')
  } else if (spec.clusterIP !== 'None' && spec.clusterIP !== old?.spec?.clusterIP) {
    claim(addresses, taken, spec.clusterIP, () => {
      const why = contains(spec.clusterIP ?? '')
        ? 'failed to allocate IP ' + spec.clusterIP + ': provided IP is already allocated'
        : `failed to allocate IP ${spec.clusterIP ?? ''}: the provided IP (${spec.clusterIP ?? ''}) is not in the valid range`
      return invalidError(TYPE, metadata.name ?? '', [invalid('spec.clusterIPs', [spec.clusterIP], why)])
    })
  }
  spec.clusterIPs = [spec.clusterIP]
  if ((spec.ipFamilies ?? []).length === 0) spec.ipFamilies = ['IPv4']
  spec.ipFamilyPolicy ??= 'SingleStack'
}

function reservePorts(service: Draft<Service>, old: Service | undefined, ports: Pool, taken: Taken[]): void {
  const { spec, metadata } = service
  if (spec === undefined || !HAS_NODE_PORTS.has(spec.type ?? '') || spec.allocateLoadBalancerNodePorts === false) return
  const had = new Set(old === undefined ? [] : portsOf(old))
  spec.ports?.forEach((port, i) => {
    const before = old?.spec?.ports?.find((one) => one.port === port.port && one.protocol === port.protocol)
    port.nodePort ||= before?.nodePort ?? 0
    if (port.nodePort === 0) {
      port.nodePort = Number(take(ports, taken, 'failed to allocate a nodePort: range is full'))
      return
    }
    const asked = String(port.nodePort)
    const shared = spec.ports
      ?.slice(0, i)
      .some((one) => one.nodePort === port.nodePort && one.protocol !== port.protocol)
    if (had.has(asked) || shared) return
    claim(ports, taken, asked, () => {
      const why = `provided port is ${ports.has(asked) ? 'already allocated' : 'not in the valid range. The range of valid ports is 30000-32767'}`
      return invalidError(TYPE, metadata.name ?? '', [invalid(`spec.ports[${i}].nodePort`, port.nodePort, why)])
    })
  })
}

function take(pool: Pool, taken: Taken[], full: string): string {
  const value = pool.takeAny()
  if (value === undefined) throw apiError('InternalError', `Internal error occurred: ${full}`)
  taken.push({ pool, value })
  return value
}

function claim(pool: Pool, taken: Taken[], value: string, refused: () => Error): void {
  if (!pool.take(value)) throw refused()
  taken.push({ pool, value })
}
