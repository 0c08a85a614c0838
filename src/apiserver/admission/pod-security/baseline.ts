import type { Container, Probe, SELinuxOptions } from '../../../api/generated/core-v1.ts'
import type { Check } from './check.ts'
import { containersOf, distinct, named, plural, quoted, setters } from './check.ts'
import { seccompBaseline } from './seccomp.ts'

const DEFAULT_CAPABILITIES = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
)

const appArmorProfile: Check = (subject) => {
  const isForbidden = (type?: string) => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost'
  const ofPod = subject.spec.securityContext?.appArmorProfile?.type
  const bad = containersOf(subject).filter((one) => isForbidden(one.securityContext?.appArmorProfile?.type))
  const types = distinct([
    ...(isForbidden(ofPod) ? [ofPod ?? ''] : []),
    ...bad.map((one) => one.securityContext?.appArmorProfile?.type ?? ''),
  ])
  const annotations = Object.entries(subject.metadata.annotations ?? {})
    .filter(([key]) => key.startsWith('container.apparmor.security.beta.kubernetes.io/'))
    .filter(([, value]) => value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
    .map(([key, value]) => `${key}="${value}"`)
    .sort()
  const values = [...types, ...annotations]
  const who = [
    setters(isForbidden(ofPod), bad),
    annotations.length === 0 ? '' : plural(annotations.length, 'annotation'),
  ]
  const present = who.filter((one) => one !== '').join(' and ')
  if (present === '') return undefined
  const reason = plural(values.length, 'forbidden AppArmor profile')
  return { reason, detail: `${present} must not set AppArmor profile type to ${quoted(values)}` }
}

export const baselineCapabilities: Check = (subject) => {
  const extra = (one: Container) =>
    (one.securityContext?.capabilities?.add ?? []).filter((name) => !DEFAULT_CAPABILITIES.has(name))
  const bad = containersOf(subject).filter((one) => extra(one).length > 0)
  if (bad.length === 0) return undefined
  const names = quoted(distinct(bad.flatMap(extra)))
  const detail = `${named(bad)} must not include ${names} in securityContext.capabilities.add`
  return { reason: 'non-default capabilities', detail }
}

const hostNamespaces: Check = ({ spec }) => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name])
  if (used.length === 0) return undefined
  return { reason: 'host namespaces', detail: used.map((name) => `${name}=true`).join(', ') }
}

const hostPathVolumes: Check = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name)
  if (bad.length === 0) return undefined
  return { reason: 'hostPath volumes', detail: `${plural(bad.length, 'volume')} ${quoted(bad)}` }
}

const hostPorts: Check = (subject) => {
  const ports = (one: Container) => (one.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []))
  const bad = containersOf(subject).filter((one) => ports(one).length > 0)
  if (bad.length === 0) return undefined
  const used = distinct(bad.flatMap(ports))
  const uses = plural(bad.length, 'uses', 'use')
  return { reason: 'hostPort', detail: `${named(bad)} ${uses} ${plural(used.length, 'hostPort')} ${used.join(', ')}` }
}

type Handler = Pick<Probe, 'httpGet' | 'tcpSocket'>

const hostProbes: Check = (subject, minor) => {
  if (minor < 34) return undefined
  const hosts = ({ httpGet, tcpSocket }: Handler = {}) =>
    [httpGet?.host, tcpSocket?.host].filter((host) => Boolean(host))
  const all = (one: Container) =>
    [one.livenessProbe, one.readinessProbe, one.startupProbe, one.lifecycle?.postStart, one.lifecycle?.preStop].flatMap(
      (handler) => hosts(handler) as string[],
    )
  const bad = containersOf(subject).filter((one) => all(one).length > 0)
  if (bad.length === 0) return undefined
  const used = distinct(bad.flatMap(all))
  const names = quoted(distinct(bad.map(({ name }) => name)))
  const who = `${plural(bad.length, 'container')} ${names} ${plural(bad.length, 'uses', 'use')}`
  const detail = `${who} ${plural(used.length, 'probe or lifecycle host')} ${quoted(used)}`
  return { reason: 'probe or lifecycle host', detail }
}

const privileged: Check = (subject) => {
  const bad = containersOf(subject).filter((one) => one.securityContext?.privileged)
  if (bad.length === 0) return undefined
  return { reason: 'privileged', detail: `${named(bad)} must not set securityContext.privileged=true` }
}

const procMount: Check = (subject) => {
  const mount = (one: Container) => one.securityContext?.procMount ?? 'Default'
  const bad = containersOf(subject).filter((one) => mount(one) !== 'Default')
  if (bad.length === 0) return undefined
  const types = quoted(distinct(bad.map(mount)))
  return { reason: 'procMount', detail: `${named(bad)} must not set securityContext.procMount to ${types}` }
}

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t']

const seLinuxOptions: Check = (subject, minor) => {
  const allowed = minor >= 31 ? [...SELINUX_TYPES, 'container_engine_t'] : SELINUX_TYPES
  const isBad = (options?: SELinuxOptions): options is SELinuxOptions =>
    options !== undefined && (!allowed.includes(options.type ?? '') || Boolean(options.user) || Boolean(options.role))
  const ofPod = subject.spec.securityContext?.seLinuxOptions
  const bad = containersOf(subject).filter((one) => isBad(one.securityContext?.seLinuxOptions))
  const who = setters(isBad(ofPod), bad)
  if (who === '') return undefined
  const all = [ofPod, ...bad.map((one) => one.securityContext?.seLinuxOptions)].filter(isBad)
  const types = distinct(all.map(({ type = '' }) => type).filter((type) => !allowed.includes(type)))
  const what = [
    ...(types.length === 0 ? [] : [`${plural(types.length, 'type')} ${quoted(types)}`]),
    ...(all.some(({ user }) => user) ? ['user may not be set'] : []),
    ...(all.some(({ role }) => role) ? ['role may not be set'] : []),
  ]
  const detail = `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`
  return { reason: 'seLinuxOptions', detail }
}

/** Allowed from which minor version on. */
const SYSCTLS: ReadonlyMap<string, number> = new Map([
  ['kernel.shm_rmid_forced', 0],
  ['net.ipv4.ip_local_port_range', 0],
  ['net.ipv4.tcp_syncookies', 0],
  ['net.ipv4.ping_group_range', 0],
  ['net.ipv4.ip_unprivileged_port_start', 0],
  ['net.ipv4.ip_local_reserved_ports', 27],
  ['net.ipv4.tcp_keepalive_time', 29],
  ['net.ipv4.tcp_fin_timeout', 29],
  ['net.ipv4.tcp_keepalive_intvl', 29],
  ['net.ipv4.tcp_keepalive_probes', 29],
  ['net.ipv4.tcp_rmem', 32],
  ['net.ipv4.tcp_wmem', 32],
])

const sysctls: Check = ({ spec }, minor) => {
  const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name)
  const bad = names.filter((name) => (SYSCTLS.get(name) ?? Infinity) > minor || !SYSCTLS.has(name))
  return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') }
}

const windowsHostProcess: Check = (subject) => {
  const bad = containersOf(subject).filter((one) => one.securityContext?.windowsOptions?.hostProcess)
  const who = setters(subject.spec.securityContext?.windowsOptions?.hostProcess === true, bad)
  if (who === '') return undefined
  return { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` }
}

/** Of the level `baseline`, in the order in which their findings are told; the names say which ones `restricted` replaces. */
export const BASELINE: ReadonlyMap<string, Check> = new Map([
  ['appArmorProfile', appArmorProfile],
  ['capabilities_baseline', baselineCapabilities],
  ['hostNamespaces', hostNamespaces],
  ['hostPathVolumes', hostPathVolumes],
  ['hostPorts', hostPorts],
  ['hostProbesAndHostLifecycle', hostProbes],
  ['privileged', privileged],
  ['procMount', procMount],
  ['seLinuxOptions', seLinuxOptions],
  ['seccompProfile_baseline', seccompBaseline],
  ['sysctls', sysctls],
  ['windowsHostProcess', windowsHostProcess],
])
