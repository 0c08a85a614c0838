import type { AppArmorProfile, PodSpec, SeccompProfile, SecurityContext } from '../generated/core-v1.ts'
import { duplicate, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { validateWindowsOptions } from './pod-system.ts'
import { validateLocalPath } from './local-path.ts'

const HIGHEST_ID = 0x7fffffff
const ID_RANGE = `must be between 0 and ${HIGHEST_ID}, inclusive`

function validateId(path: string, id: number | undefined): FieldError[] {
  return id === undefined || (id >= 0 && id <= HIGHEST_ID) ? [] : [invalid(path, id, ID_RANGE)]
}

const GROUP_CHANGES = ['Always', 'OnRootMismatch']
const GROUP_POLICIES = ['Merge', 'Strict']
const SYSCTL = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const SYSCTL_PATTERN = `^(${SYSCTL}[\\./])*${SYSCTL}$`
const SYSCTL_LENGTH = 253

/** What holds for all containers of a pod. */
export function validatePodSecurity(spec: PodSpec, path: string): FieldError[] {
  const context = spec.securityContext ?? {}
  const errors = validateId(`${path}.fsGroup`, context.fsGroup)
  errors.push(...validateId(`${path}.runAsUser`, context.runAsUser))
  errors.push(...validateId(`${path}.runAsGroup`, context.runAsGroup))
  context.supplementalGroups?.forEach((id, i) => errors.push(...validateId(`${path}.supplementalGroups[${i}]`, id)))
  if (spec.hostPID === true && spec.shareProcessNamespace === true) {
    const detail = 'ShareProcessNamespace and HostPID cannot both be enabled'
    errors.push(invalid(`${path}.shareProcessNamespace`, true, detail))
  }
  errors.push(...validateSysctls(context.sysctls ?? [], `${path}.sysctls`))
  errors.push(...oneOf(`${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, GROUP_CHANGES))
  errors.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`))
  errors.push(...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`))
  errors.push(...oneOf(`${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, GROUP_POLICIES))
  errors.push(...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`))
  return [...errors, ...oneOf(`${path}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['Recursive'])]
}

function oneOf(path: string, value: string | undefined, allowed: readonly string[]): FieldError[] {
  return value === undefined || allowed.includes(value) ? [] : [notSupported(path, value, allowed)]
}

function validateSysctls(sysctls: readonly { readonly name: string }[], path: string): FieldError[] {
  const seen = new Set<string>()
  return sysctls.flatMap(({ name }, i) => {
    const at = `${path}[${i}].name`
    const known = seen.has(name)
    seen.add(name)
    if (name === '') return [required(at)]
    if (name.length > SYSCTL_LENGTH || !new RegExp(SYSCTL_PATTERN).test(name)) {
      return [invalid(at, name, `must have at most ${SYSCTL_LENGTH} characters and match regex ${SYSCTL_PATTERN}`)]
    }
    return known ? [duplicate(at, name)] : []
  })
}

const PROC_MOUNTS = ['Default', 'Unmasked']

export function validateSecurity(
  context: SecurityContext | undefined,
  path: string,
  hostUsers: boolean | undefined,
): FieldError[] {
  if (context === undefined) return []
  const errors = validateId(`${path}.runAsUser`, context.runAsUser)
  errors.push(...validateId(`${path}.runAsGroup`, context.runAsGroup))
  errors.push(...oneOf(`${path}.procMount`, context.procMount, PROC_MOUNTS))
  if (context.procMount === 'Unmasked' && hostUsers !== false) {
    errors.push(invalid(`${path}.procMount`, 'Unmasked', '`hostUsers` must be false to use `Unmasked`'))
  }
  errors.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`))
  if (context.allowPrivilegeEscalation === false) {
    const cannot = 'cannot set `allowPrivilegeEscalation` to false and'
    if (context.privileged === true) errors.push(invalid(path, context, `${cannot} \`privileged\` to true`))
    const admins = context.capabilities?.add?.filter((name) => name === 'CAP_SYS_ADMIN') ?? []
    errors.push(...admins.map(() => invalid(path, context, `${cannot} \`capabilities.Add\` CAP_SYS_ADMIN`)))
  }
  errors.push(...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`))
  return [...errors, ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`)]
}

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined']

function validateSeccomp(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (profile === undefined) return []
  const { type = '', localhostProfile } = profile
  const errors: FieldError[] = []
  if (type === '') errors.push(required(`${path}.type`, 'type is required when seccompProfile is set'))
  else if (!PROFILE_TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, PROFILE_TYPES))
  const at = `${path}.localhostProfile`
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.push(required(at, 'must be set when seccomp type is Localhost'))
    else errors.push(...validateLocalPath(at, localhostProfile))
  } else if (localhostProfile !== undefined) {
    const shown = { Type: type, LocalhostProfile: localhostProfile }
    errors.push(invalid(at, shown, 'can only be set when seccomp type is Localhost'))
  }
  return errors
}

function validateAppArmor(profile: AppArmorProfile | undefined, path: string): FieldError[] {
  if (profile === undefined) return []
  const { type = '', localhostProfile } = profile
  const at = `${path}.localhostProfile`
  if (type === '') return [required(`${path}.type`, 'type is required when appArmorProfile is set')]
  if (!PROFILE_TYPES.includes(type)) return [notSupported(`${path}.type`, type, PROFILE_TYPES)]
  if (type !== 'Localhost') {
    const detail = 'can only be set when AppArmor type is Localhost'
    return localhostProfile === undefined ? [] : [invalid(at, localhostProfile, detail)]
  }
  const needed = 'must be set when AppArmor type is Localhost'
  if (localhostProfile === undefined || localhostProfile === '') return [required(at, needed)]
  const padded = localhostProfile.trim() !== localhostProfile
  return padded ? [invalid(at, localhostProfile, 'must not be padded with whitespace')] : []
}
