import type { Pod } from '../api/generated/core-v1.ts'

/**
 * Settings of the kernel that a pod has for itself alone, whatever else is on its node: all that the kubelet lets pods set unless it
 * is told otherwise.
 */
const SAFE: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
])

/** Names may have slashes where others have dots, and the other way round. */
export function sysctlName(name: string): string {
  if (/[./]/.exec(name)?.[0] !== '/') return name
  return name.replaceAll(/[./]/g, (separator) => (separator === '/' ? '.' : '/'))
}

/** Why the node does not let the pod set what it wants to, in the kubelet's words. */
export function forbiddenSysctl({ spec }: Pod): string | undefined {
  for (const { name: given } of spec?.securityContext?.sysctls ?? []) {
    const name = sysctlName(given)
    const quoted = JSON.stringify(name)
    if (!SAFE.has(name)) return `forbidden sysctl: ${quoted} not allowlisted`
    const isNet = name.startsWith('net.')
    const shared = isNet ? spec?.hostNetwork : spec?.hostIPC
    if (shared === true) return `forbidden sysctl: ${quoted} not allowed with host ${isNet ? 'Net' : 'IPC'} enabled`
  }
  return undefined
}
