import { readFileSync } from 'node:fs'
import type { ContainerCreateOptions, HostConfig, MountSettings } from 'dockerode'
import { CPU_PERIOD, cpuQuota, cpuShares } from '../engine/cpu-amounts.ts'
import type { LogLimits } from '../log-limits.ts'
import { RuntimeError } from '../runtime.ts'
import type { ContainerSecurity, ContainerSpec, Mount, ResourceLimits, SandboxSpec } from '../runtime.ts'
import { ATTEMPT_LABEL, CONTAINER_NAME_LABEL, containerName, SANDBOX_LABEL } from './labels.ts'
import type { Labels } from './labels.ts'

/** The sandbox that a container is made in. */
export interface SandboxPlace {
  readonly id: string
  readonly spec: SandboxSpec
  readonly labels: Labels
  readonly cgroup: string
  readonly leastOomScore: number
  /** Files of /etc that the pod's containers share. */
  readonly files: readonly Mount[]
}

/** One attempt of a container as Docker wants it described. */
export function containerOptions(spec: ContainerSpec, pod: SandboxPlace, logs: LogLimits): ContainerCreateOptions {
  const { name, attempt, terminationMessage } = spec
  const words: readonly Mount[] = terminationMessage === undefined ? [] : [{ ...terminationMessage, readOnly: false }]
  const isMounted = ({ containerPath }: Mount) => spec.mounts.some((mount) => mount.containerPath === containerPath)
  const mounts = [...pod.files.filter((file) => !isMounted(file)), ...spec.mounts, ...words]
  return {
    name: containerName(name, pod.labels, attempt),
    Image: spec.image,
    ...(spec.command !== undefined && { Entrypoint: [...spec.command] }),
    ...(spec.args !== undefined && { Cmd: [...spec.args] }),
    ...(spec.workingDir !== undefined && { WorkingDir: spec.workingDir }),
    Env: Object.entries(spec.env).map(([key, value]) => `${key}=${value}`),
    ...userOf(spec.security),
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdinOnce === true,
    Tty: spec.tty,
    // Probes are the agent's.
    Healthcheck: { Test: ['NONE'] },
    Labels: {
      ...pod.labels,
      [SANDBOX_LABEL]: pod.id,
      [ATTEMPT_LABEL]: String(attempt),
      [CONTAINER_NAME_LABEL]: name,
    },
    HostConfig: {
      ...namespacesOf(pod),
      ...limitsOf(spec.limits),
      ...securityOf(spec.security),
      Mounts: mounts.map(mountOf),
      CgroupParent: pod.cgroup,
      OomScoreAdj: Math.max(spec.oomScoreAdj ?? 0, pod.leastOomScore),
      LogConfig: logsOf(logs),
    },
  }
}

/** Docker rotates the logs that it keeps. */
const logsOf = ({ maxBytes, maxFiles }: LogLimits) => ({
  Type: 'json-file',
  Config: { 'max-size': String(maxBytes), 'max-file': String(maxFiles) },
})

/** Hostname and resolver come with the network. */
function namespacesOf({ id, spec }: SandboxPlace): HostConfig {
  const shared = `container:${id}`
  const ownOrShared = spec.shareProcessNamespace === true ? shared : ''
  return {
    NetworkMode: shared,
    IpcMode: spec.hostIpc === true ? 'host' : shared,
    PidMode: spec.hostPid === true ? 'host' : ownOrShared,
  }
}

/** No swap beyond the limit of memory. `noQuota` stands for none, where one may be in force. */
export function limitsOf(limits: ResourceLimits, noQuota?: number): HostConfig {
  const { memoryBytes } = limits
  const quota = cpuQuota(limits) ?? noQuota
  return {
    CpuShares: cpuShares(limits),
    ...(quota !== undefined && { CpuPeriod: CPU_PERIOD, CpuQuota: quota }),
    ...(memoryBytes !== undefined && { Memory: memoryBytes, MemorySwap: memoryBytes }),
  }
}

function userOf({ runAsUser, runAsUserName, runAsGroup }: ContainerSecurity): { readonly User?: string } {
  const user = runAsUser ?? runAsUserName
  // Without a user the image's own holds, whose group cannot be changed alone.
  if (user === undefined) return {}
  return { User: runAsGroup === undefined ? String(user) : `${user}:${runAsGroup}` }
}

function securityOf(security: ContainerSecurity): HostConfig {
  const { addCapabilities = [], dropCapabilities = [], supplementalGroups = [], privileged = false } = security
  return {
    Privileged: privileged,
    CapAdd: addCapabilities,
    CapDrop: dropCapabilities,
    GroupAdd: supplementalGroups.map(String),
    ReadonlyRootfs: security.readOnlyRootFilesystem === true,
    SecurityOpt: [
      ...(security.noNewPrivileges === true ? ['no-new-privileges'] : []),
      ...(privileged ? [] : seccompOf(security.seccompProfile)),
    ],
    ...(security.unmaskedProc === true && { MaskedPaths: [], ReadonlyPaths: [] }),
  }
}

/** Docker's own profile is its default; Kubernetes' default is none. */
function seccompOf(profile: string | undefined): readonly string[] {
  if (profile === 'RuntimeDefault') return []
  if (profile === undefined || profile === 'Unconfined') return ['seccomp=unconfined']
  try {
    return [`seccomp=${readFileSync(profile, 'utf8')}`]
  } catch (cause) {
    throw new RuntimeError('CreateContainerError', `cannot load seccomp profile "${profile}"`, { cause })
  }
}

const PROPAGATION = { None: 'rprivate', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const

function mountOf({ hostPath, containerPath, readOnly, propagation = 'None' }: Mount): MountSettings {
  return {
    Type: 'bind',
    Source: hostPath,
    Target: containerPath,
    ReadOnly: readOnly,
    BindOptions: { Propagation: PROPAGATION[propagation] },
  }
}
