import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { RuntimeError } from '../runtime.ts'
import type { ContainerSpec, Mount, SandboxSpec } from '../runtime.ts'
import { identityOf } from './container-identity.ts'
import type { Containment } from './container-identity.ts'
import { requireImage } from './image.ts'
import { rewriteMountPaths } from './mount-rewriting.ts'
import type { PodSurroundings } from './sandboxes.ts'
import type { LogTarget, StartContainer } from './spawner/messages.ts'

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const RESOLVE_PRELOAD = fileURLToPath(new URL('./resolve-preload.cjs', import.meta.url))
const CONNECT_PRELOAD = fileURLToPath(new URL('./connect-preload.cjs', import.meta.url))
const BIND_PRELOAD = fileURLToPath(new URL('./bind-preload.cjs', import.meta.url))

/** Works out how the spec's container is started as a process. Throws a RuntimeError for what cannot be given. */
export function planContainer(
  containerId: string,
  spec: ContainerSpec,
  pod: PodSurroundings,
  containment: Containment,
  log: LogTarget,
): StartContainer {
  const { namespaces } = containment
  const argv = commandOf(spec)
  const env = environmentOf(spec, pod, namespaces)
  const mounts = namespaces ? [...pod.files.mounts, ...spec.mounts, ...terminationMount(spec)] : []
  const rewritten = namespaces ? [] : [...spec.mounts, ...terminationMount(spec)]
  const rewrite = (text: string) => rewriteMountPaths(text, rewritten)
  return {
    containerId,
    sandboxId: pod.sandbox.id,
    argv: argv.map(rewrite),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, rewrite(value)])),
    cwd: spec.workingDir ? rewrite(spec.workingDir) : pod.files.work,
    hostname: pod.spec.hostname,
    hostNetwork: pod.spec.hostNetwork,
    isFirstProcess: namespaces && pod.spec.shareProcessNamespace !== true && pod.spec.hostPid !== true,
    mounts: mounts.map(({ hostPath, containerPath, readOnly }) => ({
      source: hostPath,
      target: containerPath,
      readOnly,
    })),
    log,
    limits: limitsOf(spec),
    identity: identityOf(spec, containment),
    readOnlyRoot: spec.security.readOnlyRootFilesystem === true,
    stdin: spec.stdin,
    tty: spec.tty,
  }
}

function commandOf(spec: ContainerSpec): readonly string[] {
  const { entryPoint } = requireImage(spec.image)
  const argv = spec.command?.length ? [...spec.command, ...(spec.args ?? [])] : [...entryPoint, ...(spec.args ?? [])]
  if (argv.length > 0) return argv
  const message = `Cannot create container "${spec.name}": image ${spec.image} has no command, expected one in the spec`
  throw new RuntimeError('CreateContainerError', message)
}

/** The container's own variables over those that an image would set. The Node at hand comes first on the PATH. */
function environmentOf(spec: ContainerSpec, pod: PodSurroundings, namespaces: boolean): Record<string, string> {
  const own = spec.env['PATH'] ?? DEFAULT_PATH
  const env: Record<string, string> = {
    HOME: process.env['HOME'] ?? '/',
    HOSTNAME: pod.spec.hostname,
    ...spec.env,
    PATH: `${path.dirname(process.execPath)}:${own}`,
  }
  if (pod.bindAddress && !pod.spec.hostNetwork) {
    env['SHOAL_BIND_ADDRESS'] = pod.bindAddress
    preload(env, BIND_PRELOAD)
    if (pod.endpoints !== undefined) env['SHOAL_ENDPOINTS'] = pod.endpoints
    preload(env, CONNECT_PRELOAD)
    const { resolver } = pod.spec.dns
    if (resolver && !(namespaces && resolver.address.endsWith(':53'))) resolveThrough(env, resolver)
  }
  return env
}

function preload(env: Record<string, string>, file: string): void {
  env['NODE_OPTIONS'] = `--require ${JSON.stringify(file)} ${env['NODE_OPTIONS'] ?? ''}`.trim()
}

/** Ports that need privileges are where the balancer has them; the port of the name server tells by how much they are higher. */
function resolveThrough(env: Record<string, string>, resolver: NonNullable<SandboxSpec['dns']['resolver']>): void {
  env['SHOAL_RESOLVER'] = resolver.address
  env['SHOAL_SEARCH'] = resolver.searches.join(' ')
  env['SHOAL_NDOTS'] = String(resolver.ndots)
  const shift = Number(resolver.address.split(':')[1]) - 53
  if (shift > 0) env['SHOAL_PORT_SHIFT'] = String(shift)
  preload(env, RESOLVE_PRELOAD)
}

function terminationMount({ terminationMessage }: ContainerSpec): readonly Mount[] {
  return terminationMessage ? [{ ...terminationMessage, readOnly: false }] : []
}

/** Kubernetes' own rule: 1024 shares for a CPU, no fewer than 2. */
export function limitsOf({ limits }: Pick<ContainerSpec, 'limits'>): StartContainer['limits'] {
  const { cpuMillis, cpuRequestMillis, memoryBytes } = limits
  return {
    ...(cpuMillis && { cpuMillis }),
    ...(memoryBytes && { memoryBytes }),
    cpuShares: Math.max(2, Math.min(262_144, Math.floor(((cpuRequestMillis ?? 0) * 1024) / 1000))),
  }
}
