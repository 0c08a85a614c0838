import type { Node, Pod, Service } from '../../api/generated/core-v1.ts'
import type { Endpoint } from '../../api/generated/discovery-v1.ts'
import { isReady } from '../pod-phase.ts'
import { addressesOf, hostnameIn } from './service-pods.ts'
import { ZONE } from './zone-shares.ts'

export type AddressType = 'IPv4' | 'IPv6'

export function addressTypeOf(address: string): AddressType {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}

/** The families in which a service has addresses: one list of slices for each. */
export function addressTypesOf({ spec }: Service): readonly AddressType[] {
  const families = (spec?.ipFamilies ?? []) as readonly AddressType[]
  if (families.length > 0) return families
  return [addressTypeOf(spec?.clusterIP ?? '')]
}

/** A pod as an endpoint of the service, or nothing where it has no address of the type. */
export function endpointOf(
  service: Service,
  pod: Pod,
  node: Node | undefined,
  type: AddressType,
): Endpoint | undefined {
  const addresses = addressesOf(pod).filter((address) => addressTypeOf(address) === type)
  if (addresses.length === 0) return undefined
  const { namespace, name, uid } = pod.metadata
  const serving = isReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  // Whoever publishes pods that are not ready wants all of them, those that go included.
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating)
  const zone = node?.metadata.labels?.[ZONE] || undefined
  const hostname = hostnameIn(service, pod)
  const nodeName = pod.spec?.nodeName
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname !== undefined && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    ...(zone !== undefined && { zone }),
    targetRef: { kind: 'Pod', namespace: namespace!, name: name!, uid: uid! },
  }
}
