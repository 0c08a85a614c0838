import path from 'node:path'
import type { Container, Pod, SeccompProfile } from '../api/generated/core-v1.ts'
import type { ContainerSecurity } from '../runtime/runtime.ts'
import { ContainerConfigError } from './config-error.ts'
import { podLabel } from './pod-work.ts'

/**
 * The container's own security context over the pod's. `imageUser` is whom the image wants to run as: a number or a name, with a group or
 * without; absent: root. Throws a ContainerConfigError where it would be root and must not be.
 */
export function securityOf(pod: Pod, container: Container, imageUser: string | undefined): ContainerSecurity {
  const of = pod.spec?.securityContext ?? {}
  const own = container.securityContext ?? {}
  const runAsGroup = own.runAsGroup ?? of.runAsGroup
  const groups = [...(of.supplementalGroups ?? []), ...(of.fsGroup === undefined ? [] : [of.fsGroup])]
  const profile = own.seccompProfile ?? of.seccompProfile
  refuseRoot(pod, container, imageUser)
  return {
    ...(profile !== undefined && { seccompProfile: seccompOf(profile) }),
    ...(own.procMount === 'Unmasked' && { unmaskedProc: true }),
    ...userOf(own.runAsUser ?? of.runAsUser, runAsGroup, imageUser),
    ...(runAsGroup !== undefined && { runAsGroup }),
    ...(groups.length > 0 && { supplementalGroups: groups }),
    ...(own.privileged !== undefined && { privileged: own.privileged }),
    ...(own.readOnlyRootFilesystem !== undefined && { readOnlyRootFilesystem: own.readOnlyRootFilesystem }),
    ...(own.capabilities?.add !== undefined && { addCapabilities: own.capabilities.add }),
    ...(own.capabilities?.drop !== undefined && { dropCapabilities: own.capabilities.drop }),
    ...(own.allowPrivilegeEscalation === false && { noNewPrivileges: true }),
  }
}

/** Engines take a group beside a user only: where a group alone is asked for, that is the image's. */
function userOf(
  user: number | undefined,
  group: number | undefined,
  imageUser: string | undefined,
): Pick<ContainerSecurity, 'runAsUser' | 'runAsUserName'> {
  if (user !== undefined) return { runAsUser: user }
  if (group === undefined) return {}
  const name = userNameOf(imageUser)
  return /^\d+$/.test(name) ? { runAsUser: Number(name) } : { runAsUserName: name }
}

const userNameOf = (imageUser = '') => imageUser.split(':')[0] || '0'

/** The kubelet's check of `runAsNonRoot`, which holds for the image's user too. */
function refuseRoot(pod: Pod, container: Container, imageUser: string | undefined): void {
  const of = pod.spec?.securityContext ?? {}
  const own = container.securityContext ?? {}
  if ((own.runAsNonRoot ?? of.runAsNonRoot) !== true) return
  const asked = own.runAsUser ?? of.runAsUser
  const where = `(pod: "${podLabel(pod)}", container: ${container.name})`
  if (asked === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`)
  if (asked !== undefined) return
  const name = userNameOf(imageUser)
  if (name === '0') throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`)
  if (/^\d+$/.test(name)) return
  const why = `image has non-numeric user (${name}), cannot verify user is non-root`
  throw new ContainerConfigError(`container has runAsNonRoot and ${why} ${where}`)
}

/** Where the kubelet looks for profiles of the node's own, and programs that install them put them. */
const SECCOMP_ROOT = '/var/lib/kubelet/seccomp'

function seccompOf({ type, localhostProfile }: SeccompProfile): string {
  return type === 'Localhost' ? path.join(SECCOMP_ROOT, localhostProfile ?? '') : type
}
