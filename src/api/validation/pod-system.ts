import type { Container, PodSpec, WindowsSecurityContextOptions } from '../generated/core-v1.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsSubdomainProblems } from '../meta/names.ts'
import { named, utf8Length } from './object-meta.ts'

const SYSTEMS = ['linux', 'windows']
const NOT_ON_WINDOWS = 'cannot be set for a windows pod'

/** What the operating system that a pod names does not let it have. */
export function validateSystem(spec: PodSpec, path: string): FieldError[] {
  const { os } = spec
  if (os === undefined) return []
  if (os.name === '') return [required(`${path}.os.name`)]
  if (!SYSTEMS.includes(os.name)) return [notSupported(`${path}.os`, os.name, SYSTEMS)]
  return os.name === 'linux' ? validateLinux(spec, path) : validateWindows(spec, path)
}

type Placed = readonly (readonly [Container, string])[]

const containersOf = (spec: PodSpec, path: string): Placed =>
  (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((one, i) => [one as Container, `${path}.${list}[${i}]`] as const),
  )

function validateLinux(spec: PodSpec, path: string): FieldError[] {
  const contexts = [
    [spec.securityContext?.windowsOptions, path] as const,
    ...containersOf(spec, path).map(([one, at]) => [one.securityContext?.windowsOptions, at] as const),
  ]
  return contexts.flatMap(([options, at]) =>
    options === undefined
      ? []
      : [forbidden(`${at}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod')],
  )
}

/** Where a field lies, and whether it is a pod's or its security context's. */
const POD_FIELDS = [
  'securityContext.appArmorProfile',
  'securityContext.seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'securityContext.seccompProfile',
  'securityContext.fsGroup',
  'securityContext.fsGroupChangePolicy',
  'securityContext.sysctls',
  'shareProcessNamespace',
  'securityContext.runAsUser',
  'securityContext.runAsGroup',
  'securityContext.supplementalGroups',
  'securityContext.supplementalGroupsPolicy',
  'securityContext.seLinuxChangePolicy',
]
const CONTAINER_FIELDS = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const

function validateWindows(spec: PodSpec, path: string): FieldError[] {
  const at = (field: string): unknown =>
    field.split('.').reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], spec)
  const isSet = (value: unknown) =>
    value !== undefined && !(Array.isArray(value) && value.length === 0) && value !== false
  const own = POD_FIELDS.filter((field) => isSet(at(field))).map((field) =>
    forbidden(`${path}.${field}`, NOT_ON_WINDOWS),
  )
  const inner = containersOf(spec, path).flatMap(([{ securityContext }, where]) =>
    CONTAINER_FIELDS.filter((field) => securityContext?.[field] !== undefined).map((field) =>
      forbidden(`${where}.securityContext.${field}`, NOT_ON_WINDOWS),
    ),
  )
  return [...own, ...inner]
}

/** Containers that are processes of a Windows host: all of a pod's, or none. */
export function validateHostProcesses(spec: PodSpec, path: string): FieldError[] {
  const wanted = spec.securityContext?.windowsOptions?.hostProcess
  const containers = containersOf(spec, path)
  const errors: FieldError[] = []
  let count = 0
  for (const [{ securityContext }, at] of containers) {
    const own = securityContext?.windowsOptions?.hostProcess
    if (wanted !== undefined && own !== undefined && own !== wanted) {
      const detail = `pod hostProcess value must be identical if both are specified, was ${wanted}`
      errors.push(invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, detail))
    }
    if (own ?? wanted ?? false) count++
  }
  if (count === 0) return errors
  if (count !== containers.length) {
    const detail = 'If pod contains any hostProcess containers then all containers must be HostProcess containers'
    errors.push(invalid(path, '', detail))
  }
  if (spec.hostNetwork === true) return errors
  const detail = 'hostNetwork must be true if pod contains any hostProcess containers'
  return [...errors, invalid(`${path}.hostNetwork`, false, detail)]
}

const MOST = { specKiB: 64, domain: 256, user: 104 }
const DOMAINS = [
  /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/,
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/i,
]

export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string): FieldError[] {
  if (options === undefined) return []
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: text, runAsUserName: user } = options
  const errors = name === undefined ? [] : named(`${path}.gmsaCredentialSpecName`, name, dnsSubdomainProblems(name))
  if (text !== undefined) {
    const at = `${path}.gmsaCredentialSpec`
    const most = `gmsaCredentialSpec size must be under ${MOST.specKiB} KiB`
    if (text === '') errors.push(invalid(at, text, 'gmsaCredentialSpec cannot be an empty string'))
    else if (utf8Length(text) > MOST.specKiB * 1024) errors.push(invalid(at, text, most))
  }
  if (user === undefined) return errors
  return [
    ...errors,
    ...userProblems(user).map((what) => invalid(`${path}.runAsUserName`, user, `runAsUserName${what}`)),
  ]
}

function userProblems(name: string): readonly string[] {
  if (name === '') return [' cannot be an empty string']
  if (/\p{Cc}/u.test(name)) return [' cannot contain control characters']
  const parts = name.split('\\')
  if (parts.length > 2) return [' cannot contain more than one backslash']
  const [domain, user = ''] = parts.length === 2 ? parts : [undefined, name]
  const problems: string[] = []
  if ((domain ?? '').length >= MOST.domain) problems.push(`'s Domain length must be under ${MOST.domain} characters`)
  if (domain !== undefined && !DOMAINS.some((form) => form.test(domain))) {
    problems.push("'s Domain doesn't match the NetBios nor the DNS format")
  }
  if (user === '') problems.push("'s User cannot be empty")
  else if (user.length > MOST.user) {
    problems.push(`'s User length must not be longer than ${MOST.user} characters`)
  }
  if (/^[. ]+$/.test(user)) problems.push("'s User cannot contain only periods or spaces")
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    problems.push(`'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]`)
  }
  return problems
}
