import type { Service, ServicePort, ServiceSpec } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, dnsSubdomainProblems, portNumberProblems } from '../meta/names.ts'
import { immutable, validateLabels } from './object-meta.ts'
import { validatePortReference } from './probe.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const MAXIMUM_AFFINITY_SECONDS = 86_400

export function validateService({ spec = {} }: Service): FieldError[] {
  const { type = '', ports = [] } = spec
  const errors: FieldError[] = []
  const headless = spec.clusterIP === 'None'
  if (ports.length === 0 && !headless && type !== 'ExternalName') errors.push(required('spec.ports'))
  if (type === 'ExternalName') errors.push(...validateExternalName(spec))
  if ((type === 'LoadBalancer' || type === 'NodePort') && headless) {
    errors.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`))
  }
  errors.push(...validatePorts(ports, headless))
  errors.push(...validateLabels(spec.selector, 'spec.selector'))
  errors.push(...validateAffinity(spec))
  if (type === '') errors.push(required('spec.type'))
  else if (!TYPES.includes(type)) errors.push(notSupported('spec.type', type, TYPES))
  if (type === 'ClusterIP' || type === 'ExternalName') {
    ports.forEach((port, i) => {
      const detail = `may not be used when \`type\` is '${type}'`
      if (port.nodePort !== undefined) errors.push(forbidden(`spec.ports[${i}].nodePort`, detail))
    })
  }
  return [...errors, ...validatePolicies(spec)]
}

function validateExternalName(spec: ServiceSpec): FieldError[] {
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') return [required('spec.externalName')]
  const errors: FieldError[] = dnsSubdomainProblems(name).map((problem) => invalid('spec.externalName', name, problem))
  if (spec.clusterIP !== undefined && spec.clusterIP !== '') {
    errors.push(forbidden('spec.clusterIPs[0]', "may not be set when `type` is 'ExternalName'"))
  }
  return errors
}

function validatePorts(ports: readonly ServicePort[], headless: boolean): FieldError[] {
  const names = new Set<string>()
  const errors = ports.flatMap((port, i) => validatePort(port, `spec.ports[${i}]`, ports.length > 1, names, headless))
  const seen = new Set<string>()
  ports.forEach(({ protocol = '', port, name }, i) => {
    const key = `${protocol}/${port}`
    if (seen.has(key)) errors.push(duplicate(`spec.ports[${i}]`, { ...(name === undefined ? {} : {}), port, protocol }))
    seen.add(key)
  })
  return errors
}

function validatePort(
  port: ServicePort,
  path: string,
  named: boolean,
  names: Set<string>,
  headless: boolean,
): FieldError[] {
  const errors: FieldError[] = []
  const { name = '', protocol = '', targetPort } = port
  if (name === '') {
    if (named) errors.push(required(`${path}.name`))
  } else {
    errors.push(...dnsLabelProblems(name).map((problem) => invalid(`${path}.name`, name, problem)))
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name))
    names.add(name)
  }
  errors.push(...portNumberProblems(port.port).map((problem) => invalid(`${path}.port`, port.port, problem)))
  if (protocol === '') errors.push(required(`${path}.protocol`))
  else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS))
  if (targetPort !== undefined) errors.push(...validatePortReference(targetPort, `${path}.targetPort`))
  void headless
  return errors
}

function validateAffinity({ sessionAffinity = '', sessionAffinityConfig }: ServiceSpec): FieldError[] {
  const path = 'spec.sessionAffinity'
  if (sessionAffinity === '') return [required(path)]
  const kinds = ['ClientIP', 'None']
  if (!kinds.includes(sessionAffinity)) return [notSupported(path, sessionAffinity, kinds)]
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (sessionAffinity !== 'ClientIP' || seconds === undefined) return []
  if (seconds > 0 && seconds <= MAXIMUM_AFFINITY_SECONDS) return []
  const detail = `must be greater than 0 and less than ${MAXIMUM_AFFINITY_SECONDS}`
  return [invalid(`${path}Config.clientIP.timeoutSeconds`, seconds, detail)]
}

function validatePolicies(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const kinds = ['Cluster', 'Local']
  for (const field of ['externalTrafficPolicy', 'internalTrafficPolicy'] as const) {
    const value = spec[field]
    if (value !== undefined && !kinds.includes(value)) errors.push(notSupported(`spec.${field}`, value, kinds))
  }
  return errors
}

/** An address that was allocated stays until the type changes. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const [spec, oldSpec] = [service.spec ?? {}, old.spec ?? {}]
  const changesType = spec.type === 'ExternalName' || oldSpec.type === 'ExternalName'
  const had = oldSpec.clusterIP ?? ''
  if (changesType || had === '' || spec.clusterIP === had) return []
  return [immutable('spec.clusterIPs[0]', spec.clusterIP ?? '')].map((error) => ({
    ...error,
    message: `Invalid value: ${JSON.stringify(spec.clusterIPs ?? [spec.clusterIP])}: may not change once set`,
  }))
}
