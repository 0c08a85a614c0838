import type { Service, ServicePort as PortSpec } from '../../api/generated/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../api/generated/discovery-v1.ts'

/** Where a connection ends: an address of a pod, or whatever else an EndpointSlice names. */
export interface Target {
  readonly ip: string
  readonly port: number
}

/** One port of a Service with a virtual address, and the targets that share what arrives at it. */
export interface ServicePort {
  /** `namespace/name:port` or, of a port with a name, `namespace/name:name`. */
  readonly id: string
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
  readonly clusterIps: readonly string[]
  readonly externalIps: readonly string[]
  /** What `status.loadBalancer` says. */
  readonly balancerIps: readonly string[]
  readonly nodePort?: number
  /** Who may use the load balancer's addresses; empty: everybody. */
  readonly sourceRanges: readonly string[]
  /** How long a client goes to the same target after its last connection. */
  readonly affinitySeconds?: number
  /** For what comes from within the cluster. */
  readonly internal: readonly Target[]
  /** For what comes from without. */
  readonly external: readonly Target[]
}

/**
 * The ports of a Service as kube-proxy understands them; none where it has no virtual address (headless, ExternalName).
 * `isLocal` says of which nodes this machine is, for traffic policies.
 */
export function servicePorts(
  service: Service,
  slices: readonly EndpointSlice[],
  isLocal: (node: string | undefined) => boolean,
): readonly ServicePort[] {
  const { spec, metadata, status } = service
  const clusterIps = (spec?.clusterIPs ?? []).filter((ip) => ip !== 'None' && ip !== '' && !ip.includes(':'))
  if (spec === undefined || spec.type === 'ExternalName' || clusterIps.length === 0) return []
  const onlyIpv4 = (ips: readonly (string | undefined)[]) => ips.filter((ip) => ip !== undefined && !ip.includes(':'))
  const shared = {
    clusterIps,
    externalIps: onlyIpv4(spec.externalIPs ?? []) as string[],
    balancerIps: onlyIpv4((status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip)) as string[],
    sourceRanges: spec.type === 'LoadBalancer' ? (spec.loadBalancerSourceRanges ?? []) : [],
    ...(spec.sessionAffinity === 'ClientIP' && {
      affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS,
    }),
  }
  return (spec.ports ?? []).flatMap((port): ServicePort[] => {
    const { protocol = 'TCP', name, nodePort } = port
    // SCTP is balanced by nobody here; the Service says so in an event.
    if (protocol !== 'TCP' && protocol !== 'UDP') return []
    const all = targetsOf(port, slices)
    const local = all.filter(({ endpoint }) => isLocal(endpoint.nodeName))
    return [
      {
        ...shared,
        id: `${metadata.namespace}/${metadata.name}:${name || port.port}`,
        protocol,
        port: port.port,
        ...(nodePort !== undefined && nodePort > 0 && { nodePort }),
        internal: usable(spec.internalTrafficPolicy === 'Local' ? local : all),
        external: usable(spec.externalTrafficPolicy === 'Local' ? local : all),
      },
    ]
  })
}

const DEFAULT_AFFINITY_SECONDS = 10_800

/** The targets of one port, whoever asks. */
export function targetsOfPort(port: PortSpec, slices: readonly EndpointSlice[]): readonly Target[] {
  return usable(targetsOf(port, slices))
}

interface Candidate {
  readonly endpoint: Endpoint
  readonly target: Target
}

/** A port of the Service is that of a slice by its name; the number there is where the pod listens. */
function targetsOf({ name = '', protocol = 'TCP' }: PortSpec, slices: readonly EndpointSlice[]): Candidate[] {
  return slices.flatMap(({ addressType, ports, endpoints }) => {
    const port = ports?.find((one) => (one.name ?? '') === name && (one.protocol ?? 'TCP') === protocol)?.port
    if (addressType !== 'IPv4' || port === undefined) return []
    return (endpoints ?? []).flatMap((endpoint) => {
      const [ip] = endpoint.addresses
      return ip === undefined ? [] : [{ endpoint, target: { ip, port } }]
    })
  })
}

/** Kubernetes' rule: those that are ready; where none is, those that still serve while they end. In one order, each once. */
function usable(candidates: readonly Candidate[]): readonly Target[] {
  const ready = candidates.filter(({ endpoint }) => endpoint.conditions?.ready !== false)
  const chosen = ready.length > 0 ? ready : candidates.filter(({ endpoint }) => servesWhileEnding(endpoint))
  const byText = new Map(chosen.map(({ target }) => [`${target.ip}:${target.port}`, target]))
  return [...byText.keys()].sort().map((text) => byText.get(text)!)
}

function servesWhileEnding({ conditions }: Endpoint): boolean {
  return conditions?.terminating === true && (conditions.serving ?? conditions.ready ?? true)
}

/** Ports below 1024 need privileges; without them the balancer has them this much higher: where no browser refuses one. */
export const PORT_SHIFT = 20_000
