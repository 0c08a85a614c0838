import type { Service, ServicePort, ServiceSpec } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, dnsSubdomainProblems, labelKeyProblems, portNumberProblems } from '../meta/names.ts'
import { parseIp } from '../meta/ip-address.ts'
import { validateEndpointIp, validateLenientCidr, validateLenientIp } from './addresses.ts'
import type { Surroundings } from './addresses.ts'
import { named, validateLabels } from './object-meta.ts'
import { validatePortReference } from './probe.ts'
import { isHeadless, validateServiceAddresses, validateServiceAddressUpdate } from './service-addresses.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const MAXIMUM_AFFINITY_SECONDS = 86_400
const BALANCERS_ONLY = "may only be used when `type` is 'LoadBalancer'"
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges'
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode'
const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints'

export function validateService({ metadata, spec = {} }: Service, around: Surroundings): FieldError[] {
  const { type = '', ports = [] } = spec
  const errors: FieldError[] = validateTopology(metadata.annotations)
  const headless = isHeadless(spec)
  if (ports.length === 0 && !headless && type !== 'ExternalName') errors.push(required('spec.ports'))
  if (type === 'ExternalName') errors.push(...validateExternalName(spec))
  if ((type === 'LoadBalancer' || type === 'NodePort') && headless) {
    errors.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`))
  }
  const names = new Set<string>()
  ports.forEach((port, i) => errors.push(...validatePort(port, `spec.ports[${i}]`, ports.length > 1, names)))
  errors.push(...validateLabels(spec.selector, 'spec.selector'))
  errors.push(...validateAffinity(spec), ...validateServiceAddresses(spec), ...validateExternalIps(spec, around))
  if (type === '') errors.push(required('spec.type'))
  else if (!TYPES.includes(type)) errors.push(notSupported('spec.type', type, TYPES))
  if (type === 'ClusterIP') {
    ports.forEach((port, i) => {
      const detail = "may not be used when `type` is 'ClusterIP'"
      if (port.nodePort) errors.push(forbidden(`spec.ports[${i}].nodePort`, detail))
    })
  }
  errors.push(...validateRepeatedPorts(ports), ...validateSourceRanges(metadata.annotations, spec))
  return [...errors, ...validateBalancer(spec), ...validatePolicies(spec)]
}

function validateTopology(annotations: Service['metadata']['annotations']): FieldError[] {
  const [mode, hints] = [annotations?.[TOPOLOGY_MODE], annotations?.[TOPOLOGY_HINTS]]
  if (mode === undefined || hints === undefined || mode === hints) return []
  const detail = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`
  return [invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, detail)]
}

function validateExternalName(spec: ServiceSpec): FieldError[] {
  const detail = 'may not be set for ExternalName services'
  const errors: FieldError[] = []
  for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) {
    const value = spec[field] ?? []
    if (typeof value === 'string' || value.length > 0) errors.push(forbidden(`spec.${field}`, detail))
  }
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') return [...errors, required('spec.externalName')]
  return [...errors, ...named('spec.externalName', name, dnsSubdomainProblems(name))]
}

function validatePort(port: ServicePort, path: string, isNamed: boolean, names: Set<string>): FieldError[] {
  const errors: FieldError[] = []
  const { name = '', protocol = '', targetPort } = port
  if (name === '') {
    if (isNamed) errors.push(required(`${path}.name`))
  } else {
    errors.push(...named(`${path}.name`, name, dnsLabelProblems(name)))
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name))
    names.add(name)
  }
  errors.push(...named(`${path}.port`, port.port, portNumberProblems(port.port)))
  if (protocol === '') errors.push(required(`${path}.protocol`))
  else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS))
  if (targetPort !== undefined) errors.push(...validatePortReference(targetPort, `${path}.targetPort`))
  if (port.appProtocol === undefined) return errors
  return [...errors, ...named(`${path}.appProtocol`, port.appProtocol, labelKeyProblems(port.appProtocol))]
}

/** Within a Service a port is had once for each protocol, and so is a node's. */
function validateRepeatedPorts(ports: readonly ServicePort[]): FieldError[] {
  const seen = new Set<string>()
  const isRepeated = (key: string) => seen.has(key) || !seen.add(key)
  const nodePorts = ports.flatMap(({ protocol, nodePort = 0 }, i) => {
    if (nodePort === 0 || !isRepeated(`node/${protocol}/${nodePort}`)) return []
    return [duplicate(`spec.ports[${i}].nodePort`, nodePort)]
  })
  const own = ports.flatMap(({ protocol = '', port }, i) => {
    const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 }
    return isRepeated(`${protocol}/${port}`) ? [duplicate(`spec.ports[${i}]`, shown)] : []
  })
  return [...nodePorts, ...own]
}

function validateAffinity({ sessionAffinity = '', sessionAffinityConfig: config }: ServiceSpec): FieldError[] {
  const path = 'spec.sessionAffinity'
  if (sessionAffinity === '') return [required(path)]
  const kinds = ['ClientIP', 'None']
  if (!kinds.includes(sessionAffinity)) return [notSupported(path, sessionAffinity, kinds)]
  if (sessionAffinity === 'None') {
    return config === undefined ? [] : [forbidden(`${path}Config`, 'must not be set when session affinity is None')]
  }
  const detail = 'when session affinity type is ClientIP'
  if (config === undefined) return [required(`${path}Config`, detail)]
  if (config.clientIP === undefined) return [required(`${path}Config.clientIP`, detail)]
  const at = `${path}Config.clientIP.timeoutSeconds`
  const seconds = config.clientIP.timeoutSeconds
  if (seconds === undefined) return [required(at, detail)]
  if (seconds > 0 && seconds <= MAXIMUM_AFFINITY_SECONDS) return []
  return [invalid(at, seconds, `must be greater than 0 and less than ${MAXIMUM_AFFINITY_SECONDS}`)]
}

function validateExternalIps({ externalIPs = [] }: ServiceSpec, around: Surroundings): FieldError[] {
  return externalIPs.flatMap((address, i) => {
    const path = `spec.externalIPs[${i}]`
    const malformed = validateLenientIp(path, address)
    return malformed.length > 0 ? malformed : validateEndpointIp(path, address, around)
  })
}

function validateSourceRanges(annotations: Service['metadata']['annotations'], spec: ServiceSpec): FieldError[] {
  const { loadBalancerSourceRanges: ranges = [], type } = spec
  const annotated = annotations?.[SOURCE_RANGES]
  if (ranges.length === 0 && annotated === undefined) return []
  const path = ranges.length > 0 ? 'spec.LoadBalancerSourceRanges' : `metadata.annotations[${SOURCE_RANGES}]`
  const errors = type === 'LoadBalancer' ? [] : [forbidden(path, BALANCERS_ONLY)]
  if (ranges.length > 0) {
    return [...errors, ...ranges.flatMap((range, i) => validateLenientCidr(`${path}[${i}]`, range.trim()))]
  }
  if (annotated === undefined || annotated.trim() === '') return errors
  return [...errors, ...annotated.split(',').flatMap((range) => validateLenientCidr(path, range.trim()))]
}

function validateBalancer(spec: ServiceSpec): FieldError[] {
  const { type, allocateLoadBalancerNodePorts: allocates, loadBalancerClass } = spec
  const isBalancer = type === 'LoadBalancer'
  const errors: FieldError[] = []
  if (allocates !== undefined && !isBalancer) {
    errors.push(forbidden('spec.allocateLoadBalancerNodePorts', BALANCERS_ONLY))
  }
  if (allocates === undefined && isBalancer) errors.push(required('allocateLoadBalancerNodePorts'))
  return [...errors, ...validateBalancerClass(isBalancer, loadBalancerClass)]
}

function validateBalancerClass(isBalancer: boolean, name: string | undefined): FieldError[] {
  const path = 'spec.loadBalancerClass'
  if (name === undefined) return []
  return isBalancer ? named(path, name, labelKeyProblems(name)) : [forbidden(path, BALANCERS_ONLY)]
}

const isReachedFromOutside = ({ type, externalIPs = [] }: ServiceSpec) =>
  type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && externalIPs.length > 0)

const needsHealthCheck = ({ type, externalTrafficPolicy }: ServiceSpec) =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local'

function validatePolicies(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const kinds = ['Cluster', 'Local']
  const { externalTrafficPolicy = '', healthCheckNodePort = 0, internalTrafficPolicy, trafficDistribution } = spec
  if (!isReachedFromOutside(spec)) {
    const detail = 'may only be set for externally-accessible services'
    if (externalTrafficPolicy !== '') errors.push(invalid('spec.externalTrafficPolicy', externalTrafficPolicy, detail))
  } else if (externalTrafficPolicy === '') errors.push(required('spec.externalTrafficPolicy'))
  else if (!kinds.includes(externalTrafficPolicy)) {
    errors.push(notSupported('spec.externalTrafficPolicy', externalTrafficPolicy, kinds))
  }
  if (healthCheckNodePort !== 0) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    const path = 'spec.healthCheckNodePort'
    if (!needsHealthCheck(spec)) errors.push(invalid(path, healthCheckNodePort, detail))
    else errors.push(...named(path, healthCheckNodePort, portNumberProblems(healthCheckNodePort)))
  }
  if (internalTrafficPolicy === undefined) {
    if (spec.type !== 'ExternalName' && TYPES.includes(spec.type ?? '')) {
      errors.push(required('spec.internalTrafficPolicy'))
    }
  } else if (!kinds.includes(internalTrafficPolicy)) {
    errors.push(notSupported('spec.internalTrafficPolicy', internalTrafficPolicy, kinds))
  }
  const ways = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
  if (trafficDistribution === undefined || ways.includes(trafficDistribution)) return errors
  return [...errors, notSupported('spec.trafficDistribution', trafficDistribution, ways)]
}

/** Addresses stay, and so does who balances and the port for its health checks. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const [spec, before] = [service.spec ?? {}, old.spec ?? {}]
  const errors = validateServiceAddressUpdate(service, old)
  const isBalancer = spec.type === 'LoadBalancer'
  if (isBalancer && before.type === 'LoadBalancer' && spec.loadBalancerClass !== before.loadBalancerClass) {
    errors.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'))
  }
  errors.push(...validateBalancerClass(isBalancer, spec.loadBalancerClass))
  const checked = needsHealthCheck(before) && needsHealthCheck(spec)
  if (!checked || spec.healthCheckNodePort === before.healthCheckNodePort) return errors
  return [...errors, forbidden('spec.healthCheckNodePort', 'field is immutable')]
}

const BALANCER_MODES = ['Proxy', 'VIP']

/** Where a balancer has been set up. */
export function validateServiceStatus({ spec = {}, status }: Service): FieldError[] {
  const path = 'status.loadBalancer.ingress'
  const points = status?.loadBalancer?.ingress ?? []
  if (spec.type !== 'LoadBalancer' && points.length > 0) {
    return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  }
  return points.flatMap(({ ip = '', ipMode, hostname = '' }, i) => {
    const at = `${path}[${i}]`
    const errors = ip === '' ? [] : validateLenientIp(`${at}.ip`, ip)
    if (ipMode === undefined) {
      if (ip !== '') errors.push(required(`${at}.ipMode`, 'must be specified when `ip` is set'))
    } else if (ip === '') errors.push(forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'))
    else if (!BALANCER_MODES.includes(ipMode)) errors.push(notSupported(`${at}.ipMode`, ipMode, BALANCER_MODES))
    if (hostname === '') return errors
    errors.push(...named(`${at}.hostname`, hostname, dnsSubdomainProblems(hostname)))
    const detail = 'must be a DNS name, not an IP address'
    return parseIp(hostname) === undefined ? errors : [...errors, invalid(`${at}.hostname`, hostname, detail)]
  })
}
