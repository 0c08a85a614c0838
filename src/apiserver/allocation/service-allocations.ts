import type { Draft } from '../../api/draft.ts'
import type { Service } from '../../api/generated/core-v1.ts'
import { invalid, invalidError } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'
import type { Store } from '../../store/store.ts'
import { addressRange } from './address-range.ts'
import type { Allocations, Reservation } from './allocations.ts'
import { reserveNodePorts } from './node-ports.ts'
import type { NodePorts } from './node-ports.ts'
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
      const nodePorts: NodePorts = {
        range: `${first}-${last}`,
        has: ports.has,
        takeAny: (full) => Number(take(ports, taken, full)),
        claim: (port, refused) => claim(ports, taken, String(port), refused),
      }
      try {
        reserveAddress(object as Draft<Service>, old as Service | undefined, addresses, taken, range.contains)
        reserveNodePorts(object as Draft<Service>, old === undefined ? undefined : portsOf(old as Service), nodePorts)
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

/** An address for a Service that has none. Its families are settled before. */
function reserveAddress(
  service: Draft<Service>,
  old: Service | undefined,
  addresses: Pool,
  taken: Taken[],
  contains: (address: string) => boolean,
): void {
  const { spec, metadata } = service
  if (spec === undefined || spec.type === 'ExternalName') return
  const asked = (spec.clusterIP ||= spec.clusterIPs?.[0] ?? old?.spec?.clusterIP ?? '')
  if (asked === '') {
    spec.clusterIP = take(addresses, taken, 'failed to allocate a serviceIP: range is full')
  } else if (asked !== 'None' && asked !== old?.spec?.clusterIP) {
    claim(addresses, taken, asked, () => {
      const why = contains(asked)
        ? 'provided IP is already allocated'
        : `the provided IP (${asked}) is not in the valid range`
      const error = invalid('spec.clusterIPs', [asked], `failed to allocate IP ${asked}: ${why}`)
      return invalidError(TYPE, metadata.name ?? '', [error])
    })
  }
  if ((spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [spec.clusterIP]
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
