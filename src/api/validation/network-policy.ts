import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../generated/networking-v1.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { cidrContains, parseCidr } from '../meta/ip-address.ts'
import { portNameProblems, portNumberProblems } from '../meta/names.ts'
import { validateLenientCidr } from './addresses.ts'
import { validateLabelSelector } from './label-selector.ts'
import { named } from './object-meta.ts'

const TYPES = ['Ingress', 'Egress']
const PROTOCOLS = ['TCP', 'UDP', 'SCTP']

export function validateNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  if (spec === undefined) return []
  const errors = validateLabelSelector(spec.podSelector, 'spec.podSelector')
  spec.ingress?.forEach(({ ports, from }, i) => errors.push(...validateRule(ports, from, `spec.ingress[${i}]`, 'from')))
  spec.egress?.forEach(({ ports, to }, i) => errors.push(...validateRule(ports, to, `spec.egress[${i}]`, 'to')))
  const { policyTypes = [] } = spec
  if (policyTypes.length > TYPES.length) {
    return [...errors, invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes')]
  }
  policyTypes.forEach((type, i) => {
    if (!TYPES.includes(type)) errors.push(notSupported(`spec.policyTypes[${i}]`, type, TYPES))
  })
  return errors
}

function validateRule(
  ports: readonly NetworkPolicyPort[] | undefined,
  peers: readonly NetworkPolicyPeer[] | undefined,
  path: string,
  side: string,
): FieldError[] {
  return [
    ...(ports ?? []).flatMap((port, i) => validatePort(port, `${path}.ports[${i}]`)),
    ...(peers ?? []).flatMap((peer, i) => validatePeer(peer, `${path}.${side}[${i}]`)),
  ]
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string): FieldError[] {
  const unknown = protocol !== undefined && !PROTOCOLS.includes(protocol)
  const errors = unknown ? [notSupported(`${path}.protocol`, protocol, PROTOCOLS)] : []
  if (port === undefined) {
    if (endPort === undefined) return errors
    return [...errors, invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified')]
  }
  if (typeof port === 'string') {
    if (endPort !== undefined) {
      errors.push(invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'))
    }
    return [...errors, ...named(`${path}.port`, port, portNameProblems(port))]
  }
  errors.push(...named(`${path}.port`, port, portNumberProblems(port)))
  if (endPort === undefined) return errors
  if (endPort < port) errors.push(invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`'))
  return [...errors, ...named(`${path}.endPort`, endPort, portNumberProblems(endPort))]
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string): FieldError[] {
  const errors = validateLabelSelector(podSelector, `${path}.podSelector`)
  errors.push(...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`))
  if (ipBlock !== undefined) errors.push(...validateBlock(ipBlock, `${path}.ipBlock`))
  const peers = [podSelector, namespaceSelector, ipBlock].filter((peer) => peer !== undefined).length
  if (peers === 0) errors.push(required(path, 'must specify a peer'))
  else if (peers > 1 && ipBlock !== undefined) {
    errors.push(forbidden(path, 'may not specify both ipBlock and another peer'))
  }
  return errors
}

function validateBlock({ cidr, except = [] }: NonNullable<NetworkPolicyPeer['ipBlock']>, path: string): FieldError[] {
  if (cidr === '') return [required(`${path}.cidr`)]
  const errors = validateLenientCidr(`${path}.cidr`, cidr)
  const range = parseCidr(cidr)
  if (range === undefined) return errors
  except.forEach((one, i) => {
    const at = `${path}.except[${i}]`
    errors.push(...validateLenientCidr(at, one))
    const inner = parseCidr(one)
    if (inner === undefined) return
    if (!cidrContains(range, inner.base) || range.prefix >= inner.prefix) {
      errors.push(invalid(at, one, 'must be a strict subset of `cidr`'))
    }
  })
  return errors
}
