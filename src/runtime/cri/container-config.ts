import { CPU_PERIOD, cpuQuota, cpuShares } from '../engine/cpu-amounts.ts'
import type { ContainerSecurity, ContainerSpec, Mount, ResourceLimits } from '../runtime.ts'
import type {
  ContainerConfig,
  CriMount,
  LinuxContainerSecurity,
  LinuxResources,
  NamespaceOptions,
  PodSandboxConfig,
} from './messages.ts'
import { CONTAINER_NAME_LABEL, seccompOf } from './sandbox-config.ts'

/** What a container has no business to see of the node, as the kubelet hides it. */
const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/** Where a container's log lies beneath its sandbox's directory of logs. */
export const logPathOf = (name: string, attempt: number) => `${name}/${attempt}.log`

/** One attempt of a container as the CRI wants it described; `files` are those of /etc that the pod shares. */
export function containerConfig(
  spec: ContainerSpec,
  sandbox: PodSandboxConfig,
  files: readonly Mount[],
): ContainerConfig {
  const { name, attempt, terminationMessage } = spec
  const words: readonly Mount[] = terminationMessage === undefined ? [] : [{ ...terminationMessage, readOnly: false }]
  const isMounted = ({ containerPath }: Mount) => spec.mounts.some((mount) => mount.containerPath === containerPath)
  const mounts = [...files.filter((file) => !isMounted(file)), ...spec.mounts, ...words]
  return {
    metadata: { name, attempt },
    image: { image: spec.image },
    command: spec.command ?? [],
    args: spec.args ?? [],
    workingDir: spec.workingDir ?? '',
    envs: Object.entries(spec.env).map(([key, value]) => ({ key, value })),
    mounts: mounts.map(mountOf),
    labels: { ...sandbox.labels, [CONTAINER_NAME_LABEL]: name },
    annotations: {},
    logPath: logPathOf(name, attempt),
    stdin: spec.stdin,
    stdinOnce: spec.stdinOnce === true,
    tty: spec.tty,
    linux: {
      resources: resourcesOf(spec.limits, spec.oomScoreAdj ?? 0),
      securityContext: securityOf(spec.security, sandbox.linux.securityContext.namespaceOptions),
    },
  }
}

const PROPAGATION = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const

function mountOf({ hostPath, containerPath, readOnly, propagation = 'None' }: Mount): CriMount {
  return { hostPath, containerPath, readonly: readOnly, propagation: PROPAGATION[propagation] }
}

/** `noQuota` stands for none, where one may be in force. */
export function resourcesOf(limits: ResourceLimits, oomScoreAdj: number, noQuota?: number): LinuxResources {
  const { memoryBytes } = limits
  const quota = cpuQuota(limits) ?? noQuota
  return {
    cpuShares: cpuShares(limits),
    cpuPeriod: CPU_PERIOD,
    ...(quota !== undefined && { cpuQuota: quota }),
    ...(memoryBytes !== undefined && { memoryLimitInBytes: memoryBytes }),
    oomScoreAdj,
  }
}

function securityOf(security: ContainerSecurity, namespaceOptions: NamespaceOptions): LinuxContainerSecurity {
  const {
    runAsUser,
    runAsUserName,
    runAsGroup,
    addCapabilities = [],
    dropCapabilities = [],
    privileged = false,
  } = security
  const seesAll = privileged || security.unmaskedProc === true
  return {
    capabilities: { addCapabilities, dropCapabilities },
    privileged,
    namespaceOptions,
    ...(runAsUser !== undefined && { runAsUser: { value: runAsUser } }),
    ...(runAsUserName !== undefined && { runAsUsername: runAsUserName }),
    // The CRI takes a group only beside a user.
    ...((runAsUser ?? runAsUserName) !== undefined &&
      runAsGroup !== undefined && { runAsGroup: { value: runAsGroup } }),
    readonlyRootfs: security.readOnlyRootFilesystem === true,
    supplementalGroups: security.supplementalGroups ?? [],
    noNewPrivs: security.noNewPrivileges === true,
    maskedPaths: seesAll ? [] : MASKED_PATHS,
    readonlyPaths: seesAll ? [] : READONLY_PATHS,
    seccomp: privileged ? { profileType: 'Unconfined' } : seccompOf(security.seccompProfile),
  }
}
