import type { Draft } from '../draft.ts'
import type { Endpoints, LimitRange, LimitRangeItem, Namespace, Node, Secret, Service } from '../generated/core-v1.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'

/** The addresses and families are the allocator's. */
export function defaultService(service: Draft<Service>): void {
  const { spec } = service
  if (spec === undefined) return
  setDefaultsOfZero(spec, { sessionAffinity: 'None', type: 'ClusterIP' })
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP') {
    const config = (spec.sessionAffinityConfig ??= {})
    config.clientIP ??= {}
    setDefaults(config.clientIP, { timeoutSeconds: 10800 })
  }
  for (const port of spec.ports ?? []) {
    setDefaultsOfZero(port, { protocol: 'TCP' })
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
  }
  const hasAddresses = spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || hasAddresses) {
    setDefaultsOfZero(spec, { externalTrafficPolicy: 'Cluster' })
  }
  if (spec.type !== 'ExternalName') setDefaults(spec, { internalTrafficPolicy: 'Cluster' })
  if (spec.type !== 'LoadBalancer') return
  setDefaults(spec, { allocateLoadBalancerNodePorts: true })
  for (const point of service.status?.loadBalancer?.ingress ?? []) {
    if (point.ip) setDefaults(point, { ipMode: 'VIP' })
  }
}

/** `stringData` is for writing: it becomes part of `data` and is never served. */
export function defaultSecret(secret: Draft<Secret>): void {
  setDefaultsOfZero(secret, { type: 'Opaque' })
  if (secret.stringData === undefined) return
  const data = (secret.data ??= {})
  for (const [key, value] of Object.entries(secret.stringData)) data[key] = base64(value)
  delete secret.stringData
}

function base64(text: string): string {
  let binary = ''
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte)
  return btoa(binary)
}

export function defaultNamespace(namespace: Draft<Namespace>): void {
  namespace.status ??= {}
  setDefaultsOfZero(namespace.status, { phase: 'Active' })
  const { name } = namespace.metadata
  if (name === undefined || name === '') return
  namespace.metadata.labels ??= {}
  namespace.metadata.labels['kubernetes.io/metadata.name'] = name
}

export function defaultNode(node: Draft<Node>): void {
  alignRanges(node)
  if (node.status?.allocatable === undefined && node.status?.capacity !== undefined) {
    node.status.allocatable = { ...node.status.capacity }
  }
}

/** A node's range of addresses is written once and twice: as the first of them, and as a list. */
function alignRanges({ spec }: Draft<Node>): void {
  const { podCIDR = '', podCIDRs = [] } = spec ?? {}
  if (spec === undefined) return
  if (podCIDR !== '' && podCIDRs[0] !== podCIDR) spec.podCIDRs = [podCIDR]
  else if (podCIDRs[0] !== undefined) spec.podCIDR = podCIDRs[0]
}

export function defaultEndpoints(endpoints: Draft<Endpoints>): void {
  for (const subset of endpoints.subsets ?? []) {
    for (const port of subset.ports ?? []) setDefaultsOfZero(port, { protocol: 'TCP' })
  }
}

export function defaultLimitRange({ spec }: Draft<LimitRange>): void {
  for (const limit of spec?.limits ?? []) if (limit.type === 'Container') defaultLimits(limit)
}

/** A missing default is the maximum; a missing default request the default, or else the minimum. */
function defaultLimits(limit: Draft<LimitRangeItem>): void {
  const defaults = (limit.default ??= {})
  for (const [name, value] of Object.entries(limit.max ?? {})) defaults[name] ??= value
  const requests = (limit.defaultRequest ??= {})
  for (const [name, value] of Object.entries(defaults)) requests[name] ??= value
  for (const [name, value] of Object.entries(limit.min ?? {})) requests[name] ??= value
}
