import type { Draft } from '../draft.ts'
import type { Service } from '../generated/core-v1.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { settleFamilies } from './service-families.ts'

type ServiceSpec = NonNullable<Draft<Service>['spec']>
type OldSpec = NonNullable<Service['spec']>

/** A Service's addresses are written once and twice: as the first of them, and as a list. */
export function createService(service: Draft<Service>): void {
  const { spec } = service
  if (spec === undefined) return
  if (spec.clusterIP && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [spec.clusterIP]
  settleFamilies(service, undefined)
}

/** Addresses that were allocated stay where the update leaves them out. */
export function updateService(service: Draft<Service>, { spec: old }: Service): void {
  const { spec } = service
  if (spec === undefined || old === undefined) return
  keepAllocated(spec, old)
  alignAddresses(spec, old)
  settleFamilies(service, old)
  dropWhatTypeDoesNotUse(spec, old)
}

function keepAllocated(spec: ServiceSpec, old: OldSpec): void {
  if (needsClusterIp(spec as OldSpec) && needsClusterIp(old)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP
    if ((spec.clusterIPs ?? []).length === 0 && (old.clusterIPs ?? []).length > 0)
      spec.clusterIPs = [...(old.clusterIPs ?? [])]
  }
  if (hasNodePorts(spec as OldSpec) && hasNodePorts(old)) keepNodePorts(spec, old)
  if (hasHealthCheck(spec as OldSpec) && hasHealthCheck(old) && !spec.healthCheckNodePort && old.healthCheckNodePort) {
    spec.healthCheckNodePort = old.healthCheckNodePort
  }
}

/** Who writes the one form alone means the other too. */
function alignAddresses(spec: ServiceSpec, old: OldSpec): void {
  const [had, now] = [old.clusterIPs ?? [], spec.clusterIPs ?? []]
  if (had.length > 0 && now.length === 0 && (spec.clusterIP ?? '') === (old.clusterIP ?? '')) spec.clusterIPs = [...had]
  if ((spec.clusterIP ?? '') === (old.clusterIP ?? '')) return
  if (!semanticallyEqual(spec.clusterIPs ?? [], had)) return
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
  else delete spec.clusterIPs
}

function keepNodePorts(spec: ServiceSpec, old: OldSpec): void {
  const used = new Set(nodePortsOf(spec as OldSpec).filter((port) => nodePortsOf(old).includes(port)))
  const byName = new Map((old.ports ?? []).map(({ name = '', nodePort = 0 }) => [name, nodePort]))
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue
    const before = byName.get(port.name ?? '') ?? 0
    if (before !== 0 && !used.has(before)) port.nodePort = before
  }
}

const needsClusterIp = ({ type }: OldSpec) => type !== 'ExternalName'
const hasNodePorts = ({ type }: OldSpec) => type === 'NodePort' || type === 'LoadBalancer'
const isLoadBalancer = ({ type }: OldSpec) => type === 'LoadBalancer'
const isExternal = (spec: OldSpec) =>
  hasNodePorts(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0)
const hasHealthCheck = (spec: OldSpec) => isLoadBalancer(spec) && spec.externalTrafficPolicy === 'Local'

/** Which fields a Service has for the sake of what: once it is no longer so, they go. */
const USES: readonly (readonly [uses: (spec: OldSpec) => boolean, fields: readonly (keyof OldSpec)[]])[] = [
  [needsClusterIp, ['clusterIPs', 'clusterIP', 'ipFamilies', 'ipFamilyPolicy']],
  [hasHealthCheck, ['healthCheckNodePort']],
  [isLoadBalancer, ['allocateLoadBalancerNodePorts', 'loadBalancerClass']],
  [isExternal, ['externalTrafficPolicy']],
]

/** A Service of another type loses what only its old one used, where the update did not itself change that. */
function dropWhatTypeDoesNotUse(spec: ServiceSpec, old: OldSpec): void {
  const now = spec as OldSpec
  const gone = USES.filter(([uses]) => uses(old) && !uses(now)).flatMap(([, fields]) => fields)
  const had = nodePortsOf(old)
  if (hasNodePorts(old) && !hasNodePorts(now) && nodePortsOf(now).every((port) => had.includes(port))) {
    for (const port of spec.ports ?? []) delete port.nodePort
  }
  for (const field of gone) if (semanticallyEqual(spec[field], old[field])) delete spec[field]
}

const nodePortsOf = ({ ports }: OldSpec) => (ports ?? []).flatMap(({ nodePort }) => nodePort || [])
