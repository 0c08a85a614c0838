import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset } from '../generated/core-v1.ts'
import type { Endpoint, EndpointHints, EndpointPort as SlicePort, EndpointSlice } from '../generated/discovery-v1.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { duplicate, invalid, notSupported, required, tooMany } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelKeyProblems,
  labelValueProblems,
  portNumberProblems,
} from '../meta/names.ts'
import { parseIp } from '../meta/ip-address.ts'
import { ipProblems, validateEndpointIp, validateLenientIp } from './addresses.ts'
import type { Surroundings } from './addresses.ts'
import type { KubeObject } from '../object.ts'
import { named, unlessSame, validateLabels } from './object-meta.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

export const validateEndpoints = ({ subsets = [], metadata }: Endpoints, around: Surroundings): FieldError[] =>
  isApiServers(metadata, around) ? [] : subsets.flatMap((subset, i) => validateSubset(subset, i, around))

/** The API server says itself where it is: where pods live on loopback, it does so too. */
const isApiServers = ({ namespace, name }: KubeObject['metadata'], { podsOnLoopback }: Surroundings) =>
  podsOnLoopback && namespace === 'default' && name === 'kubernetes'

/** What lay there before is not looked at again. */
export const validateEndpointsUpdate = (
  one: Endpoints,
  old: Endpoints,
  _subresource: string | undefined,
  around: Surroundings,
): FieldError[] => (semanticallyEqual(one.subsets, old.subsets) ? [] : validateEndpoints(one, around))

function validateSubset(
  { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset,
  i: number,
  around: Surroundings,
) {
  const path = `subsets[${i}]`
  const isEmpty = addresses.length === 0 && notReadyAddresses.length === 0
  return [
    ...(isEmpty ? [required(path, 'must specify `addresses` or `notReadyAddresses`')] : []),
    ...addresses.flatMap((one, at) => validateAddress(one, `${path}.addresses[${at}]`, around)),
    ...notReadyAddresses.flatMap((one, at) => validateAddress(one, `${path}.notReadyAddresses[${at}]`, around)),
    ...ports.flatMap((one, at) => validatePort(one, ports.length > 1, `${path}.ports[${at}]`)),
  ]
}

function validateAddress({ ip, hostname = '', nodeName }: EndpointAddress, path: string, around: Surroundings) {
  const errors = validateLenientIp(`${path}.ip`, ip)
  if (hostname !== '') errors.push(...named(`${path}.hostname`, hostname, dnsLabelProblems(hostname)))
  if (nodeName !== undefined) errors.push(...named(`${path}.nodeName`, nodeName, dnsSubdomainProblems(nodeName)))
  return [...errors, ...validateEndpointIp(`${path}.ip`, ip, around)]
}

function validatePort({ name = '', port, ...rest }: EndpointPort, isNamed: boolean, path: string): FieldError[] {
  const errors = isNamed && name === '' ? [required(`${path}.name`)] : []
  if (name !== '') errors.push(...named(`${path}.name`, name, dnsLabelProblems(name)))
  return [...errors, ...named(`${path}.port`, port, portNumberProblems(port)), ...validateProtocols(rest, path)]
}

function validateProtocols({ protocol, appProtocol }: Partial<EndpointPort>, path: string): FieldError[] {
  const errors = protocol === undefined ? [required(`${path}.protocol`)] : []
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
    errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS))
  }
  if (appProtocol === undefined) return errors
  return [...errors, ...named(`${path}.appProtocol`, appProtocol, labelKeyProblems(appProtocol))]
}

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']
const MOST = { addresses: 100, endpoints: 1000, hints: 8, ports: 20_000, topologyLabels: 16 }

export function validateSlice({ addressType, ports = [] }: EndpointSlice): FieldError[] {
  const errors = addressType === '' ? [required('addressType')] : []
  if (addressType !== '' && !ADDRESS_TYPES.includes(addressType)) {
    errors.push(notSupported('addressType', addressType, ADDRESS_TYPES))
  }
  return [...errors, ...validateSlicePorts(ports ?? [])]
}

function validateSlicePorts(ports: readonly SlicePort[]): FieldError[] {
  if (ports.length > MOST.ports) return [tooMany('ports', ports.length, MOST.ports)]
  const names = ports.map(({ name = '' }) => name)
  return ports.flatMap((port, i) => {
    const name = names[i] ?? ''
    const errors = name === '' ? [] : named(`ports[${i}].name`, name, dnsLabelProblems(name))
    if (names.indexOf(name) < i) errors.push(duplicate(`ports[${i}].name`, name))
    return [...errors, ...validateProtocols(port, `ports[${i}]`)]
  })
}

export function validateSliceEndpoints(slice: EndpointSlice, around: Surroundings): FieldError[] {
  const { endpoints, addressType, metadata } = slice
  const all = isApiServers(metadata, around) ? [] : (endpoints ?? [])
  if (all.length > MOST.endpoints) return [tooMany('endpoints', all.length, MOST.endpoints)]
  return all.flatMap((endpoint, i) => validateEndpoint(endpoint, addressType, `endpoints[${i}]`, around))
}

/** Endpoints that lay there before are not looked at again; the type of a slice's addresses stays. */
export const validateSliceUpdate = (
  one: EndpointSlice,
  old: EndpointSlice,
  _subresource: string | undefined,
  around: Surroundings,
): FieldError[] => [
  ...(semanticallyEqual(one.endpoints, old.endpoints) ? [] : validateSliceEndpoints(one, around)),
  ...unlessSame('addressType', one.addressType, old.addressType),
]

function validateEndpoint(endpoint: Endpoint, addressType: string, path: string, around: Surroundings): FieldError[] {
  const { addresses, nodeName, deprecatedTopology = {}, hostname, hints } = endpoint
  const at = `${path}.addresses`
  const all = addresses ?? []
  const errors = all.length === 0 ? [required(at, 'must contain at least 1 address')] : []
  if (all.length > MOST.addresses) errors.push(tooMany(at, all.length, MOST.addresses))
  all.forEach((address, i) => errors.push(...validateSliceAddress(address, addressType, `${at}[${i}]`, at, around)))
  if (nodeName !== undefined) errors.push(...named(`${path}.nodeName`, nodeName, dnsSubdomainProblems(nodeName)))
  const labels = Object.keys(deprecatedTopology).length
  if (labels > MOST.topologyLabels) {
    errors.push(tooMany(`${path}.deprecatedTopology`, labels, MOST.topologyLabels))
  }
  errors.push(...validateLabels(deprecatedTopology, `${path}.deprecatedTopology`))
  if (hostname !== undefined) errors.push(...named(`${path}.hostname`, hostname, dnsLabelProblems(hostname)))
  return hints === undefined ? errors : [...errors, ...validateHints(hints, `${path}.hints`)]
}

function validateSliceAddress(
  address: string,
  type: string,
  path: string,
  list: string,
  around: Surroundings,
): FieldError[] {
  if (type === 'FQDN') return validateQualifiedDomain(address, path)
  if (type !== 'IPv4' && type !== 'IPv6') return []
  const malformed = type === 'IPv4' ? validateLenientIp(path, address) : named(path, address, ipProblems(address))
  if (malformed.length > 0) return malformed
  const found = parseIp(address)?.length === 4 ? 'IPv4' : 'IPv6'
  const other = found === type ? [] : [invalid(list, address, `must be an ${type} address`)]
  return [...other, ...validateEndpointIp(path, address, around)]
}

function validateQualifiedDomain(text: string, path: string): FieldError[] {
  if (text === '') return [required(path)]
  const name = text.replace(/\.$/, '')
  const problems = dnsSubdomainProblems(name)
  if (problems.length > 0) return [invalid(path, name, problems.join(','))]
  const labels = name.split('.')
  if (labels.length < 2) {
    return [invalid(path, name, 'should be a domain with at least two segments separated by dots')]
  }
  const wrong = labels.find((label) => dnsLabelProblems(label).length > 0)
  return wrong === undefined ? [] : [invalid(path, wrong, dnsLabelProblems(wrong).join(','))]
}

function validateHints({ forZones, forNodes }: EndpointHints, path: string): FieldError[] {
  const zones = forZones ?? []
  const nodes = forNodes ?? []
  if (zones.length > MOST.hints) return [tooMany(`${path}.forZones`, zones.length, MOST.hints)]
  const errors = validateHintNames(zones, `${path}.forZones`, labelValueProblems)
  if (nodes.length > MOST.hints) return [...errors, tooMany(`${path}.forNodes`, nodes.length, MOST.hints)]
  return [...errors, ...validateHintNames(nodes, `${path}.forNodes`, dnsSubdomainProblems)]
}

function validateHintNames(
  hints: readonly { readonly name: string }[],
  path: string,
  problems: (name: string) => readonly string[],
): FieldError[] {
  const names = hints.map(({ name }) => name)
  return names.flatMap((name, i) => {
    const at = `${path}[${i}].name`
    return [...(names.indexOf(name) < i ? [duplicate(at, name)] : []), ...named(at, name, problems(name))]
  })
}
