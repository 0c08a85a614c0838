import type { Container, Pod } from '../api/generated/core-v1.ts'
import { qosClassOf } from '../api/strategy/qos-class.ts'
import { amountOf } from '../placement/amounts.ts'
import { RuntimeError } from '../runtime/runtime.ts'
import type { ContainerSpec, ResourceLimits, SandboxSpec } from '../runtime/runtime.ts'
import { containerEnvironment } from './container-environment.ts'
import { securityOf } from './container-security.ts'
import type { NodeContext } from './node-context.ts'
import type { PodRecord } from './pod-record.ts'
import { sysctlName } from './sysctls.ts'
import { expand } from './variable-expansion.ts'
import { containerMounts } from './volumes/container-mounts.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'

/** The pod's surroundings as the runtime makes them. */
export function sandboxSpec(pod: Pod, dns: SandboxSpec['dns']): SandboxSpec {
  const { metadata, spec } = pod
  const containers = [...(spec?.containers ?? [])]
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    attempt: 0,
    ...namesOf(pod),
    hostNetwork: spec?.hostNetwork === true,
    hostPid: spec?.hostPID === true,
    hostIpc: spec?.hostIPC === true,
    shareProcessNamespace: spec?.shareProcessNamespace === true,
    privileged: [...containers, ...(spec?.initContainers ?? [])].some(isPrivileged),
    sysctls: Object.fromEntries(
      (spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [sysctlName(name), value]),
    ),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ports: containers.flatMap(({ ports = [] }) =>
      ports.map(({ containerPort, hostPort, hostIP, protocol = 'TCP' }) => ({
        containerPort,
        protocol,
        ...(hostIP !== undefined && { hostIp: hostIP }),
        ...(hostPort !== undefined && { hostPort }),
      })),
    ),
    dns,
    hostAliases: (spec?.hostAliases ?? []).map(({ ip, hostnames = [] }) => ({ ip, hostnames })),
    limits: {},
  }
}

/** Kubernetes' default; a cluster of another domain is not known of here. */
const CLUSTER_DOMAIN = 'cluster.local'
/** The kernel takes no longer host name. */
const MAX_HOSTNAME = 64

/** The pod's host name, and the whole one that it has below its subdomain. */
function namesOf({ metadata, spec }: Pod): Pick<SandboxSpec, 'hostname' | 'domainName'> {
  const hostname = spec?.hostname ?? (metadata.name ?? '').slice(0, 63).replace(/[-.]+$/, '')
  if (!spec?.subdomain) return { hostname }
  const domainName = `${hostname}.${spec.subdomain}.${metadata.namespace}.svc.${CLUSTER_DOMAIN}`
  if (spec.setHostnameAsFQDN !== true) return { hostname, domainName }
  if (domainName.length <= MAX_HOSTNAME) return { hostname: domainName, domainName }
  const why = `failed to construct FQDN from pod hostname and cluster domain, FQDN ${domainName} is too long`
  throw new RuntimeError(
    'FailedCreatePodSandBox',
    `${why} (${MAX_HOSTNAME} characters is the max, ${domainName.length} characters requested)`,
  )
}

const isPrivileged = ({ securityContext }: Container) => securityContext?.privileged === true

interface AttemptFacts {
  readonly record: PodRecord
  readonly volumes: PodVolumes
  readonly attempt: number
  /** Whom the image wants to run as: a number or a name, with a group or without; absent: root. */
  readonly imageUser: string | undefined
}

/** One attempt of a container, with everything that its spec refers to looked up. */
export async function containerSpec(
  context: NodeContext,
  pod: Pod,
  container: Container,
  { record, volumes, attempt, imageUser }: AttemptFacts,
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
    security: securityOf(pod, container, imageUser),
    oomScoreAdj: oomScoreOf(pod, container, context),
    ...(hostPath !== undefined && { terminationMessage: { hostPath, containerPath } }),
  }
}

export function limitsOf({ resources }: Container): ResourceLimits {
  const { limits, requests } = resources ?? {}
  return {
    ...(limits?.cpu !== undefined && { cpuMillis: amountOf('cpu', limits.cpu) }),
    ...(requests?.cpu !== undefined && { cpuRequestMillis: amountOf('cpu', requests.cpu) }),
    ...(limits?.memory !== undefined && { memoryBytes: amountOf('memory', limits.memory) }),
  }
}

/** As the kubelet has it: guaranteed pods go last, best-effort ones first, between them by the memory that was asked for. */
function oomScoreOf(pod: Pod, { resources }: Container, { allocatable }: NodeContext): number {
  const qos = pod.spec === undefined ? 'BestEffort' : qosClassOf(pod.spec)
  if (qos === 'Guaranteed') return -997
  if (qos === 'BestEffort') return 1000
  const capacity = amountOf('memory', allocatable()['memory'] ?? 0)
  const requested = amountOf('memory', resources?.requests?.['memory'] ?? 0)
  const score = capacity === 0 ? 999 : Math.floor(1000 - (1000 * requested) / capacity)
  return Math.min(999, Math.max(3, score))
}
