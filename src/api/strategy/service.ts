import type { Draft } from '../draft.ts'
import type { Service } from '../generated/core-v1.ts'
import { semanticallyEqual } from '../meta/equal.ts'

type ServiceSpec = NonNullable<Draft<Service>['spec']>
type OldSpec = NonNullable<Service['spec']>

/** Addresses that were allocated stay where the update leaves them out. */
export function updateService({ spec }: Draft<Service>, old: Service): void {
  if (spec === undefined || old.spec === undefined) return
  if (spec.type !== 'ExternalName' && old.spec.type !== 'ExternalName') keepAllocated(spec, old.spec)
  dropWhatTypeDoesNotUse(spec, old.spec)
}

function keepAllocated(spec: ServiceSpec, old: OldSpec): void {
  if (spec.clusterIP === undefined && old.clusterIP !== undefined) {
    spec.clusterIP = old.clusterIP
    if (spec.clusterIPs === undefined && old.clusterIPs) spec.clusterIPs = [...old.clusterIPs]
  }
  if (spec.ipFamilies === undefined && old.ipFamilies) spec.ipFamilies = [...old.ipFamilies]
  if (spec.ipFamilyPolicy === undefined && old.ipFamilyPolicy) spec.ipFamilyPolicy = old.ipFamilyPolicy
  keepNodePorts(spec, old)
}

function keepNodePorts(spec: ServiceSpec, old: OldSpec): void {
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return
  const used = new Set((spec.ports ?? []).map((port) => port.nodePort))
  for (const port of spec.ports ?? []) {
    if (port.nodePort !== undefined) continue
    const same = old.ports?.find((one) => one.port === port.port && one.protocol === port.protocol)
    if (same?.nodePort !== undefined && !used.has(same.nodePort)) port.nodePort = same.nodePort
  }
}

const needsClusterIp = ({ type }: OldSpec) => type !== 'ExternalName'
const needsNodePorts = ({ type, allocateLoadBalancerNodePorts }: OldSpec) =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)
const isLoadBalancer = ({ type }: OldSpec) => type === 'LoadBalancer'
const isExternal = ({ type, externalIPs }: OldSpec) =>
  type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && (externalIPs ?? []).length > 0)
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
  if (needsNodePorts(old) && !needsNodePorts(now) && semanticallyEqual(nodePortsOf(now), nodePortsOf(old))) {
    for (const port of spec.ports ?? []) delete port.nodePort
  }
  for (const field of gone) if (semanticallyEqual(spec[field], old[field])) delete spec[field]
}

const nodePortsOf = ({ ports }: OldSpec) =>
  (ports ?? []).flatMap(({ nodePort }) => nodePort ?? []).sort((a, b) => a - b)
