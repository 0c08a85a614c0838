import type { HTTPIngressPath, Ingress, IngressBackend, IngressClass } from '../generated/networking-v1.ts'
import { forbidden, invalid, notSupported, required, tooLong } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { parseIp } from '../meta/ip-address.ts'
import {
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  pathSegmentProblems,
  portNameProblems,
  portNumberProblems,
  wildcardSubdomainProblems,
} from '../meta/names.ts'
import { validateDomainPrefixedPath } from './domain-prefixed-path.ts'
import { validateLenientIp } from './addresses.ts'
import { named, unlessSame } from './object-meta.ts'

export function validateIngress({ spec = {} }: Ingress): FieldError[] {
  const errors: FieldError[] = []
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec
  if (rules.length === 0 && defaultBackend === undefined) {
    errors.push(invalid('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'))
  }
  if (defaultBackend !== undefined) errors.push(...validateBackend(defaultBackend, 'spec.defaultBackend'))
  rules.forEach((rule, i) => {
    const path = `spec.rules[${i}]`
    if (rule.host) errors.push(...validateHost(rule.host, `${path}.host`))
    if (rule.http === undefined) return
    const paths = rule.http.paths ?? []
    if (paths.length === 0) errors.push(required(`${path}.http.paths`))
    paths.forEach((one, j) => errors.push(...validatePath(one, `${path}.http.paths[${j}]`)))
  })
  tls.forEach(({ hosts = [], secretName = '' }, i) => {
    hosts.forEach((host, j) => errors.push(...named(`spec.tls[${i}].hosts[${j}]`, host, hostProblems(host))))
    if (secretName !== '')
      errors.push(...named(`spec.tls[${i}].secretName`, secretName, dnsSubdomainProblems(secretName)))
  })
  if (ingressClassName !== undefined) {
    errors.push(...named('spec.ingressClassName', ingressClassName, dnsSubdomainProblems(ingressClassName)))
  }
  return errors
}

const hostProblems = (host: string) =>
  host.includes('*') ? wildcardSubdomainProblems(host) : dnsSubdomainProblems(host)

function validateHost(host: string, path: string): FieldError[] {
  const isAddress = parseIp(host) !== undefined
  const errors = isAddress ? [invalid(path, host, 'must be a DNS name, not an IP address')] : []
  return [...errors, ...named(path, host, hostProblems(host))]
}

const FORBIDDEN_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F']
const FORBIDDEN_ENDINGS = ['/..', '/.']

function validatePath({ path: value = '', pathType, backend }: HTTPIngressPath, path: string): FieldError[] {
  if (pathType === undefined || pathType === null) return [required(`${path}.pathType`, 'pathType must be specified')]
  const errors: FieldError[] = []
  const relative = !value.startsWith('/')
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (relative) errors.push(invalid(`${path}.path`, value, 'must be an absolute path'))
    const sequences = FORBIDDEN_SEQUENCES.filter((one) => value.includes(one))
    errors.push(...sequences.map((one) => invalid(`${path}.path`, value, `must not contain '${one}'`)))
    const endings = FORBIDDEN_ENDINGS.filter((one) => value.endsWith(one))
    errors.push(...endings.map((one) => invalid(`${path}.path`, value, `cannot end with '${one}'`)))
  } else if (pathType === 'ImplementationSpecific') {
    if (value !== '' && relative) errors.push(invalid(`${path}.path`, value, 'must be an absolute path'))
  } else {
    errors.push(notSupported(`${path}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix']))
  }
  return [...errors, ...validateBackend(backend ?? {}, `${path}.backend`)]
}

function validateBackend({ service, resource }: IngressBackend, path: string): FieldError[] {
  if (resource !== undefined && service !== undefined) {
    return [invalid(path, '', 'cannot set both resource and service backends')]
  }
  if (resource !== undefined) return validateReference(resource, `${path}.resource`)
  if (service === undefined) return [invalid(path, '', 'resource or service backend is required')]
  const { name = '', number = 0 } = service.port ?? {}
  const errors =
    service.name === ''
      ? [required(`${path}.service.name`)]
      : named(`${path}.service.name`, service.name, dns1035LabelProblems(service.name))
  if (name !== '' && number !== 0) return [...errors, invalid(path, '', 'cannot set both port name & port number')]
  if (name !== '') return [...errors, ...named(`${path}.service.port.name`, name, portNameProblems(name))]
  if (number !== 0) return [...errors, ...named(`${path}.service.port.number`, number, portNumberProblems(number))]
  return [...errors, required(path, 'port name or number is required')]
}

interface Reference {
  readonly apiGroup?: string
  readonly kind: string
  readonly name: string
}

function validateReference(reference: Reference, path: string): FieldError[] {
  const { apiGroup } = reference
  const errors = apiGroup === undefined ? [] : named(`${path}.apiGroup`, apiGroup, dnsSubdomainProblems(apiGroup))
  for (const field of ['kind', 'name'] as const) {
    const value = reference[field]
    if (value === '') errors.push(required(`${path}.${field}`))
    else errors.push(...named(`${path}.${field}`, value, pathSegmentProblems(value)))
  }
  return errors
}

const CONTROLLER_LENGTH = 250
const SCOPES = ['Cluster', 'Namespace']

export function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const { controller = '', parameters } = spec ?? {}
  const errors: FieldError[] = []
  if (controller.length > CONTROLLER_LENGTH) errors.push(tooLong('spec.controller', CONTROLLER_LENGTH))
  errors.push(...validateDomainPrefixedPath('spec.controller', controller))
  if (parameters === undefined) return errors
  const path = 'spec.parameters'
  errors.push(...validateReference(parameters, path))
  const { scope, namespace } = parameters
  if (scope === undefined) return [...errors, required(`${path}.scope`)]
  if (!SCOPES.includes(scope)) return [...errors, notSupported(`${path}.scope`, scope, SCOPES)]
  if (scope === 'Cluster') {
    if (namespace === undefined) return errors
    return [...errors, forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'")]
  }
  if (namespace === undefined) {
    return [...errors, required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'")]
  }
  return [...errors, ...named(`${path}.namespace`, namespace, dnsLabelProblems(namespace))]
}

export function validateIngressClassUpdate(one: IngressClass, old: IngressClass): FieldError[] {
  return unlessSame('spec.controller', one.spec?.controller ?? '', old.spec?.controller ?? '')
}

/** On creation alone: the old annotation and the field must agree. */
export function validateIngressCreation({ metadata, spec }: Ingress): FieldError[] {
  const annotation = metadata.annotations?.['kubernetes.io/ingress.class']
  if (annotation === undefined || spec?.ingressClassName === undefined || annotation === spec.ingressClassName)
    return []
  const detail = 'must match `ingressClassName` when both are specified'
  return [invalid('annotations.kubernetes.io/ingress.class', annotation, detail)]
}

/** Of the status alone. */
export function validateIngressStatus({ status }: Ingress): FieldError[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = '', hostname = '' }, i) => {
    const path = `status.loadBalancer.ingress[${i}]`
    const errors = ip === '' ? [] : validateLenientIp(`${path}.ip`, ip)
    if (hostname === '') return errors
    errors.push(...named(`${path}.hostname`, hostname, dnsSubdomainProblems(hostname)))
    const detail = 'must be a DNS name, not an IP address'
    return parseIp(hostname) === undefined ? errors : [...errors, invalid(`${path}.hostname`, hostname, detail)]
  })
}
