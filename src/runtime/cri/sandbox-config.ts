import type { SandboxSpec } from '../runtime.ts'
import type { NamespaceOptions, PodSandboxConfig, SecurityProfile } from './messages.ts'

/** Whose sandboxes and containers they are: an engine may serve several nodes and clusters. */
export const OWNER_LABEL = 'shoal.dev/owner'
/** The labels that the kubelet gives to what it makes, which other programs on the node look for. */
export const POD_NAME_LABEL = 'io.kubernetes.pod.name'
export const POD_NAMESPACE_LABEL = 'io.kubernetes.pod.namespace'
export const POD_UID_LABEL = 'io.kubernetes.pod.uid'
export const CONTAINER_NAME_LABEL = 'io.kubernetes.container.name'

/** The cgroup beneath which all pods have theirs. */
const CGROUP_PARENT = '/shoal'

export const cgroupOf = (uid: string) => `${CGROUP_PARENT}/pod${uid}`

export function podLabels({ name, namespace, uid }: SandboxSpec): Readonly<Record<string, string>> {
  return { [POD_NAME_LABEL]: name, [POD_NAMESPACE_LABEL]: namespace, [POD_UID_LABEL]: uid }
}

/** The namespaces that a pod's containers share with each other, or with the node. */
export function namespacesOf(spec: SandboxSpec): NamespaceOptions {
  const { hostNetwork, hostPid = false, hostIpc = false, shareProcessNamespace = false } = spec
  const own = shareProcessNamespace ? 'POD' : 'CONTAINER'
  return {
    network: hostNetwork ? 'NODE' : 'POD',
    pid: hostPid ? 'NODE' : own,
    ipc: hostIpc ? 'NODE' : 'POD',
  }
}

export function seccompOf(profile: string | undefined): SecurityProfile {
  if (profile === 'RuntimeDefault') return { profileType: 'RuntimeDefault' }
  if (profile === undefined || profile === 'Unconfined') return { profileType: 'Unconfined' }
  return { profileType: 'Localhost', localhostRef: profile }
}

/** A pod's sandbox as the CRI wants it described. */
export function sandboxConfig(
  spec: SandboxSpec,
  attempt: number,
  owner: string,
  logDirectory: string,
): PodSandboxConfig {
  const { name, namespace, uid, dns } = spec
  const namesServers = dns.servers.length > 0 || dns.searches.length > 0 || (dns.options?.length ?? 0) > 0
  return {
    metadata: { name, uid, namespace, attempt },
    hostname: spec.hostNetwork ? '' : spec.hostname,
    logDirectory,
    // Without any the engine gives the pod the node's own resolver.
    ...(namesServers && { dnsConfig: { servers: dns.servers, searches: dns.searches, options: dns.options ?? [] } }),
    portMappings: spec.hostNetwork ? [] : hostPorts(spec),
    labels: { ...spec.labels, ...podLabels(spec), [OWNER_LABEL]: owner },
    annotations: spec.annotations,
    linux: {
      cgroupParent: cgroupOf(uid),
      securityContext: {
        namespaceOptions: namespacesOf(spec),
        privileged: spec.privileged === true,
        seccomp: { profileType: 'RuntimeDefault' },
      },
      sysctls: spec.sysctls ?? {},
    },
  }
}

function hostPorts({ ports }: SandboxSpec): PodSandboxConfig['portMappings'] {
  return ports.flatMap(({ containerPort, hostPort, protocol, hostIp = '' }) =>
    hostPort === undefined ? [] : [{ containerPort, hostPort, protocol, hostIp }],
  )
}
