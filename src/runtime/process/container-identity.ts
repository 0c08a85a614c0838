import { RuntimeError } from '../runtime.ts'
import type { ContainerSpec } from '../runtime.ts'
import type { LoadedFilter, ProcessIdentity } from './spawner/messages.ts'

/** What a container of Kubernetes has where its spec says nothing: containerd's default. */
const DEFAULT_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]

/** How containers are started here. */
export interface Containment {
  /** True where each has mounts of its own. */
  readonly namespaces: boolean
  /** True where there is a program that takes privileges away (`setpriv`). */
  readonly privileges: boolean
  /** What system calls the container at hand may make. */
  readonly filter?: LoadedFilter
}

/**
 * As whom the container's processes run, and with which of root's powers. Throws a RuntimeError for what this machine
 * cannot give, rather than running the container with more rights than it asked for.
 */
export function identityOf(spec: ContainerSpec, { namespaces, privileges, filter }: Containment): ProcessIdentity {
  const { runAsUser, runAsGroup, supplementalGroups, noNewPrivileges, privileged, readOnlyRootFilesystem } =
    spec.security
  const isRoot = process.getuid?.() === 0
  const changes =
    (runAsUser !== undefined && runAsUser !== process.getuid?.()) ||
    (runAsGroup !== undefined && runAsGroup !== process.getgid?.())
  if (changes && !isRoot) {
    const what = runAsUser === undefined ? `runAsGroup ${runAsGroup}` : `runAsUser ${runAsUser}`
    throw refusal(spec, `${what} needs a cluster that root started`)
  }
  if (privileged && !isRoot) throw refusal(spec, 'privileged needs a cluster that root started')
  if (readOnlyRootFilesystem && !namespaces) throw refusal(spec, 'readOnlyRootFilesystem needs mount namespaces')
  if (spec.mounts.some(({ propagation }) => propagation === 'Bidirectional')) {
    throw refusal(spec, 'mountPropagation Bidirectional needs a runtime with containers of its own')
  }
  const capabilities = capabilitiesOf(spec)
  const identity: ProcessIdentity = {
    ...(changes && runAsUser !== undefined && { user: runAsUser }),
    ...(changes && runAsGroup !== undefined && { group: runAsGroup }),
    ...(isRoot && supplementalGroups?.length && { groups: supplementalGroups }),
    ...(noNewPrivileges && { noNewPrivileges }),
    ...(privileges && isRoot && capabilities && { capabilities }),
  }
  const isAsked = spec.security.addCapabilities?.length || spec.security.dropCapabilities?.length
  if (!privileges && (Object.keys(identity).length > 0 || (isRoot && isAsked))) {
    throw refusal(spec, 'its security context needs the program setpriv, which is not here')
  }
  return { ...identity, ...(filter && { filter }) }
}

/** The capabilities that it keeps; undefined: all. Nobody but root has any, so they matter for root only. */
export function capabilitiesOf(spec: ContainerSpec): readonly string[] | undefined {
  const { privileged, addCapabilities = [], dropCapabilities = [] } = spec.security
  if (privileged) return undefined
  const named = (list: readonly string[]) => list.map((name) => name.toUpperCase().replace(/^CAP_/, ''))
  const [added, dropped] = [named(addCapabilities), named(dropCapabilities)]
  const odd = [...added, ...dropped].find((name) => !/^[A-Z_]+$/.test(name))
  if (odd !== undefined) throw refusal(spec, `"${odd}" is no capability`)
  if (added.includes('ALL') && dropped.length === 0) return undefined
  const kept = dropped.includes('ALL') ? [] : DEFAULT_CAPABILITIES.filter((name) => !dropped.includes(name))
  return [...new Set([...kept, ...added.filter((name) => name !== 'ALL')])].toSorted()
}

function refusal(spec: ContainerSpec, why: string): RuntimeError {
  return new RuntimeError('CreateContainerConfigError', `Cannot create container "${spec.name}": ${why}`)
}
