import type { Container, Pod } from '../api/generated/core-v1.ts'
import { amountOf } from '../placement/amounts.ts'
import type { ContainerSecurity, ContainerSpec, ResourceLimits, SandboxSpec } from '../runtime/runtime.ts'
import { containerEnvironment } from './container-environment.ts'
import { ContainerConfigError } from './config-error.ts'
import type { NodeContext } from './node-context.ts'
import type { PodRecord } from './pod-record.ts'
import { expand } from './variable-expansion.ts'
import { containerMounts } from './volumes/container-mounts.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'

/** The pod's surroundings as the runtime makes them. */
export function sandboxSpec(pod: Pod): SandboxSpec {
  const { metadata, spec } = pod
  const containers = [...(spec?.containers ?? [])]
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    attempt: 0,
    hostname: spec?.hostname ?? (metadata.name ?? '').slice(0, 63),
    hostNetwork: spec?.hostNetwork === true,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ports: containers.flatMap(({ ports = [] }) =>
      ports.map(({ containerPort, hostPort, protocol = 'TCP' }) => ({
        containerPort,
        protocol,
        ...(hostPort !== undefined && { hostPort }),
      })),
    ),
    dns: { servers: spec?.dnsConfig?.nameservers ?? [], searches: spec?.dnsConfig?.searches ?? [] },
    hostAliases: (spec?.hostAliases ?? []).map(({ ip, hostnames = [] }) => ({ ip, hostnames })),
    limits: {},
  }
}

/** One attempt of a container, with everything that its spec refers to looked up. */
export async function containerSpec(
  context: NodeContext,
  pod: Pod,
  container: Container,
  record: PodRecord,
  volumes: PodVolumes,
  attempt: number,
): Promise<ContainerSpec> {
  const facts = {
    podIp: record.sandbox?.ip ?? '',
    hostIp: context.hostIp,
    nodeName: context.nodeName,
    allocatable: context.allocatable(),
  }
  const env = await containerEnvironment(context.client, pod, container, facts)
  const expanded = (texts: readonly string[]) => texts.map((text) => expand(text, env))
  const hostPath = await context.files.messageFile(pod, container.name, attempt)
  const containerPath = container.terminationMessagePath ?? '/dev/termination-log'
  return {
    name: container.name,
    attempt,
    image: container.image ?? '',
    ...(container.command !== undefined && { command: expanded(container.command) }),
    ...(container.args !== undefined && { args: expanded(container.args) }),
    ...(container.workingDir !== undefined && { workingDir: container.workingDir }),
    env,
    mounts: containerMounts(container, volumes, (text) => expand(text, env)),
    limits: limitsOf(container),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    security: securityOf(pod, container),
    ...(hostPath !== undefined && { terminationMessage: { hostPath, containerPath } }),
  }
}

function limitsOf({ resources }: Container): ResourceLimits {
  const { limits, requests } = resources ?? {}
  return {
    ...(limits?.cpu !== undefined && { cpuMillis: amountOf('cpu', limits.cpu) }),
    ...(requests?.cpu !== undefined && { cpuRequestMillis: amountOf('cpu', requests.cpu) }),
    ...(limits?.memory !== undefined && { memoryBytes: amountOf('memory', limits.memory) }),
  }
}

/** The container's own security context over the pod's. */
function securityOf(pod: Pod, container: Container): ContainerSecurity {
  const of = pod.spec?.securityContext ?? {}
  const own = container.securityContext ?? {}
  const runAsUser = own.runAsUser ?? of.runAsUser
  const runAsGroup = own.runAsGroup ?? of.runAsGroup
  const groups = [...(of.supplementalGroups ?? []), ...(of.fsGroup === undefined ? [] : [of.fsGroup])]
  if ((own.runAsNonRoot ?? of.runAsNonRoot) === true && runAsUser === 0) {
    throw new ContainerConfigError("container's runAsUser breaks non-root policy")
  }
  return {
    ...(runAsUser !== undefined && { runAsUser }),
    ...(runAsGroup !== undefined && { runAsGroup }),
    ...(groups.length > 0 && { supplementalGroups: groups }),
    ...(own.privileged !== undefined && { privileged: own.privileged }),
    ...(own.readOnlyRootFilesystem !== undefined && { readOnlyRootFilesystem: own.readOnlyRootFilesystem }),
    ...(own.capabilities?.add !== undefined && { addCapabilities: own.capabilities.add }),
    ...(own.capabilities?.drop !== undefined && { dropCapabilities: own.capabilities.drop }),
    ...(own.allowPrivilegeEscalation === false && { noNewPrivileges: true }),
  }
}
