import type { EndpointAddress, EndpointSubset, Pod, Service } from '../../api/generated/core-v1.ts'
import { addressTypeOf, addressTypesOf } from '../endpoint-slice/endpoint.ts'
import { addressesOf, hostnameIn, isReachable } from '../endpoint-slice/service-pods.ts'
import { targetPorts } from '../endpoint-slice/service-ports.ts'
import type { TargetPort } from '../endpoint-slice/service-ports.ts'
import { isReady } from '../pod-phase.ts'

/** Most addresses of one Endpoints object. */
export const MOST_ADDRESSES = 1000

interface Reachable {
  readonly address: EndpointAddress
  readonly isReady: boolean
}

/** An address with the ports by which it is reached; ports with the same addresses then make one subset. */
export function subsetsOf(service: Service, pods: readonly Pod[]): readonly EndpointSubset[] {
  const byPort = new Map<string, { port: TargetPort | undefined; reached: Map<string, Reachable> }>()
  for (const pod of pods) {
    const reachable = reachableOf(service, pod)
    if (reachable === undefined) continue
    for (const port of portsOn(service, pod)) {
      const key = port === undefined ? '' : `${port.name}/${port.protocol}/${port.port}`
      const known = byPort.get(key) ?? { port, reached: new Map<string, Reachable>() }
      byPort.set(key, known)
      known.reached.set(`${reachable.address.ip}/${pod.metadata.uid}`, reachable)
    }
  }
  const byAddresses = Map.groupBy(byPort.values(), ({ reached }) => [...reached.keys()].sort().join())
  return [...byAddresses.values()].map((same) => {
    const ports = same.flatMap(({ port }) => (port === undefined ? [] : [port]))
    return subsetOf(ports, [...same[0]!.reached.values()])
  })
}

/** Leaves out what is beyond the limit, those that are not ready first. */
export function truncate(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  const totalReady = subsets.reduce((sum, { addresses }) => sum + (addresses?.length ?? 0), 0)
  const name = totalReady > MOST_ADDRESSES ? 'addresses' : 'notReadyAddresses'
  const most = totalReady > MOST_ADDRESSES ? MOST_ADDRESSES : MOST_ADDRESSES - totalReady
  const total = subsets.reduce((sum, subset) => sum + (subset[name]?.length ?? 0), 0)
  let room = most
  return subsets.map(({ addresses, notReadyAddresses, ...rest }) => {
    const all = (name === 'addresses' ? addresses : notReadyAddresses) ?? []
    const taken = all.slice(0, Math.min(room, Math.ceil((all.length / total) * most)))
    room -= taken.length
    const ready = name === 'addresses' ? taken : addresses
    const others = name === 'addresses' ? [] : taken
    return {
      ...(ready !== undefined && ready.length > 0 && { addresses: ready }),
      ...(others.length > 0 && { notReadyAddresses: others }),
      ...rest,
    }
  })
}

/** How many addresses there are, ready or not. */
export function countOf(subsets: readonly EndpointSubset[]): number {
  return subsets.reduce((n, one) => n + (one.addresses?.length ?? 0) + (one.notReadyAddresses?.length ?? 0), 0)
}

function subsetOf(ports: readonly TargetPort[], reached: readonly Reachable[]): EndpointSubset {
  const sorted = reached.toSorted((a, b) => (a.address.ip < b.address.ip ? -1 : 1))
  const addresses = sorted.filter((one) => one.isReady).map(({ address }) => address)
  const notReadyAddresses = sorted.filter((one) => !one.isReady).map(({ address }) => address)
  return {
    ...(addresses.length > 0 && { addresses }),
    ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
    ...(ports.length > 0 && { ports: ports.map(({ name, ...port }) => (name === '' ? port : { name, ...port })) }),
  }
}

/** A headless service needs no ports to have addresses. */
function portsOn(service: Service, pod: Pod): readonly (TargetPort | undefined)[] {
  const isBare = (service.spec?.ports ?? []).length === 0 && service.spec?.clusterIP === 'None'
  return isBare ? [undefined] : targetPorts(service, pod)
}

function reachableOf(service: Service, pod: Pod): Reachable | undefined {
  const publishesAll = service.spec?.publishNotReadyAddresses === true
  if (!isReachable(pod) || (pod.metadata.deletionTimestamp !== undefined && !publishesAll)) return undefined
  const [family] = addressTypesOf(service)
  const ip = addressesOf(pod).find((address) => addressTypeOf(address) === family)
  if (ip === undefined) return undefined
  const { namespace, name, uid } = pod.metadata
  const hostname = hostnameIn(service, pod)
  const address: EndpointAddress = {
    ip,
    ...(hostname !== undefined && { hostname }),
    ...(pod.spec?.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace: namespace!, name: name!, uid: uid! },
  }
  return { address, isReady: publishesAll || isReady(pod) }
}
