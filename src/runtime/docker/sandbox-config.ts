import type { ContainerCreateOptions, HostConfig } from 'dockerode'
import type { LogLimits } from '../log-limits.ts'
import type { SandboxSpec } from '../runtime.ts'
import {
  ATTEMPT_LABEL,
  containerName,
  OWNER_LABEL,
  POD_NAME_LABEL,
  POD_NAMESPACE_LABEL,
  POD_UID_LABEL,
  SANDBOX_LABEL,
} from './labels.ts'
import type { Labels } from './labels.ts'
import { PAUSE_IMAGE } from './pause-image.ts'

/** How pods of an owner are made at this Docker. */
export interface SandboxSettings {
  readonly owner: string
  /** The network of pods that have one of their own: Docker's `bridge`. */
  readonly network: string
  /** `cgroupfs` or `systemd`: the names of control groups follow from it. */
  readonly cgroupDriver: string
  /** No container may ask for a lower score. */
  readonly leastOomScore: number
  /** How much is kept of what a container prints. */
  readonly logs: LogLimits
}

/** The kubelet's: a pod's namespaces go after all of its containers. */
const OOM_SCORE = -998

/** The container that holds a pod's namespaces. */
export function sandboxOptions(
  spec: SandboxSpec,
  attempt: number,
  settings: SandboxSettings,
): ContainerCreateOptions & { readonly Labels: Labels } {
  const { hostNetwork, dns } = spec
  const labels = {
    [OWNER_LABEL]: settings.owner,
    [SANDBOX_LABEL]: 'sandbox',
    [ATTEMPT_LABEL]: String(attempt),
    [POD_NAME_LABEL]: spec.name,
    [POD_NAMESPACE_LABEL]: spec.namespace,
    [POD_UID_LABEL]: spec.uid,
  }
  const ports = hostNetwork ? [] : spec.ports.filter(({ hostPort }) => hostPort !== undefined)
  const host: HostConfig = {
    NetworkMode: hostNetwork ? 'host' : settings.network,
    IpcMode: spec.hostIpc === true ? 'host' : 'shareable',
    PidMode: spec.hostPid === true ? 'host' : '',
    // Where containers share its processes, somebody has to take leave of those whose parents have gone.
    Init: spec.shareProcessNamespace === true,
    PortBindings: bindingsOf(ports),
    Dns: [...dns.servers],
    DnsSearch: [...dns.searches],
    DnsOptions: [...(dns.options ?? [])],
    Sysctls: { ...spec.sysctls },
    CgroupParent: cgroupOf(spec.uid, settings),
    OomScoreAdj: Math.max(OOM_SCORE, settings.leastOomScore),
    LogConfig: { Type: 'none', Config: {} },
  }
  return {
    name: containerName('POD', labels, attempt),
    Image: PAUSE_IMAGE,
    ...(!hostNetwork && { Hostname: spec.hostname }),
    ExposedPorts: Object.fromEntries(ports.map((port) => [portOf(port), {}])),
    Labels: labels,
    HostConfig: host,
  }
}

type Port = SandboxSpec['ports'][number]

const portOf = ({ containerPort, protocol }: Port) => `${containerPort}/${protocol.toLowerCase()}`

/** One port of a container may have several of the host. */
function bindingsOf(ports: readonly Port[]): HostConfig['PortBindings'] {
  const bindings = new Map<string, { readonly HostIp: string; readonly HostPort: string }[]>()
  for (const port of ports) {
    const binding = { HostIp: port.hostIp ?? '', HostPort: String(port.hostPort) }
    bindings.set(portOf(port), [...(bindings.get(portOf(port)) ?? []), binding])
  }
  return Object.fromEntries(bindings)
}

/** The control group of a pod; systemd knows only slices, whose dashes tell what is beneath what. */
export function cgroupOf(uid: string, { cgroupDriver }: SandboxSettings): string {
  return cgroupDriver === 'systemd' ? `shoal-pod${uid.replaceAll('-', '_')}.slice` : `/shoal/pod${uid}`
}
