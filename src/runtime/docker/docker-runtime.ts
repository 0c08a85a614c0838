import { mkdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { Environment } from '../../env/environment.ts'
import { openPulledNames } from '../engine/pulled-images.ts'
import { isProcessOf } from '../engine/process-of.ts'
import { watchContainers } from '../engine/watching.ts'
import type { EventSource } from '../engine/watching.ts'
import { measureCapacity } from '../process/capacity.ts'
import { dialPod } from '../process/dial.ts'
import { DEFAULT_LOG_LIMITS } from '../log-limits.ts'
import type { LogLimits } from '../log-limits.ts'
import { RuntimeError } from '../runtime.ts'
import type { ContainerUsage, Runtime } from '../runtime.ts'
import { untakenConnections } from '../untaken-connections.ts'
import { connectDocker, ignoreGone } from './connection.ts'
import { openContainers } from './containers.ts'
import { imageCalls } from './images.ts'
import { CONTAINER_NAME_LABEL, OWNER_LABEL } from './labels.ts'
import { containerLog } from './logs.ts'
import { leastOomScore } from './oom-score.ts'
import { listOwn, openSandboxes } from './sandboxes.ts'
import type { SandboxContext } from './sandboxes.ts'
import { removeStrayDevices } from './stray-devices.ts'
import { joinContainer, runCommand } from './streaming.ts'

export interface DockerRuntimeOptions {
  readonly environment: Environment
  /** `unix:///var/run/docker.sock`; default what `DOCKER_HOST` says, or that. */
  readonly endpoint?: string
  /** Where pods' hosts files lie. The same one after a restart finds the pods of before. */
  readonly directory: string
  /** Whose pods they are, of all that Docker runs. */
  readonly owner: string
  /** The address of pods in the node's own network. Default 127.0.0.1. */
  readonly hostAddress?: string
  /** Whether an owner will never come for what it has left, so that it may be removed. Default: all may. */
  readonly isDead?: (owner: string) => boolean
  /** The network of pods. Default `bridge`, which every Docker has. */
  readonly network?: string
  /** Default 10 MiB in each of 5 files. */
  readonly logs?: LogLimits
}

/**
 * Containers run by Docker. They outlive this runtime: one that is opened later for the same owner and directory knows them
 * again. Rejects with an {@link EngineMissing}.
 */
export async function openDockerRuntime(options: DockerRuntimeOptions): Promise<Runtime> {
  const { environment, directory, owner, hostAddress = '127.0.0.1', network = 'bridge' } = options
  const { logs = DEFAULT_LOG_LIMITS } = options
  await mkdir(directory, { recursive: true })
  const { docker, version } = await connectDocker(options.endpoint)
  const { CgroupDriver: cgroupDriver } = (await docker.info()) as { readonly CgroupDriver: string }
  const settings = { owner, network, cgroupDriver, leastOomScore: leastOomScore(), logs }
  const { isDead } = options
  const context: SandboxContext = { docker, settings, directory, hostAddress, ...(isDead && { isDead }) }
  const sandboxes = await openSandboxes(context)
  const containers = await openContainers({ environment, docker, sandboxes, settings })
  const closing = new AbortController()
  const cleared = () => void removeStrayDevices(environment, docker, network)
  const watching = watchContainers(environment, [eventsOf(docker, owner, cleared)], containers, closing.signal)

  return {
    name: 'docker',
    version,
    outlivesAgent: true,
    ...imageCalls(docker, openPulledNames(directory)),
    startSandbox: sandboxes.start,
    sandboxReady: sandboxes.isReady,
    async stopSandbox(sandboxId) {
      await sandboxes.stop(sandboxId)
      await containers.refreshAll()
    },
    async removeSandbox(sandboxId) {
      await sandboxes.remove(sandboxId)
      containers.forgetAll(sandboxId)
    },
    createContainer: (sandboxId, spec) => containers.create(sandboxId, spec),
    startContainer: (id) => containers.start(id),
    stopContainer: (id, graceMs) => containers.stop(id, graceMs),
    updateContainer: (id, limits) => containers.update(id, limits),
    removeContainer: (id) => containers.remove(id),
    containerStatus: (id) => containers.status(id),
    list: async () => ({ sandboxes: await sandboxes.list(), containers: containers.list() }),
    onChange: (listener) => containers.onChange(listener),
    logs: (id, request) => containerLog({ environment, docker, containers }, id, request),
    exec: (id, request) => runCommand(environment, docker, id, request),
    attach: (id, request) => joinContainer(docker, id, request),
    async dial(sandboxId, port) {
      const sandbox = sandboxes.find(sandboxId)
      if (sandbox === undefined)
        throw new RuntimeError('RunContainerError', `Cannot dial "${sandboxId}": no such sandbox`)
      return await dialPod(sandbox.ip, port)
    },
    untakenConnections: (sandboxId) => untaken(context, sandboxId),
    usage: (sandboxId) => usage(context, sandboxId),
    capacity: () => measureCapacity(directory),
    limitations: () => [],
    async close() {
      closing.abort()
      await watching
    },
  }
}

/** Docker's own events of the owner's containers; `opened` is called whenever Docker is there, for the first time or again. */
function eventsOf(docker: Docker, owner: string, opened: () => void): EventSource {
  return async function* (abortSignal) {
    const filters = { event: ['start', 'die', 'oom'], label: [`${OWNER_LABEL}=${owner}`] }
    const stream = (await docker.getEvents({ filters, abortSignal })) as unknown as Readable
    stream.on('error', () => {})
    opened()
    for await (const line of createInterface({ input: stream })) {
      const { Actor } = JSON.parse(line) as { readonly Actor: { readonly ID: string } }
      yield Actor.ID
    }
  }
}

/** Told by the process that holds the sandbox, where that is one of this machine's. */
async function untaken({ docker }: SandboxContext, sandboxId: string): Promise<number> {
  const { State } = (await docker.getContainer(sandboxId).inspect().catch(ignoreGone)) ?? {}
  return State !== undefined && isProcessOf(sandboxId, State.Pid) ? untakenConnections(State.Pid) : 0
}

async function usage(context: SandboxContext, sandboxId: string): Promise<readonly ContainerUsage[]> {
  const running = (await listOwn(context, sandboxId)).filter(({ State }) => State === 'running')
  const measured = running.map(async ({ Id, Labels }) => {
    const stats = await context.docker.getContainer(Id).stats({ stream: false, 'one-shot': true }).catch(ignoreGone)
    if (stats === undefined) return []
    const { cpu_stats, memory_stats, pids_stats } = stats
    const { usage = 0, stats: of } = memory_stats
    // What the kernel could take back at once does not count, as for the kubelet.
    const { total_inactive_file: inactive = 0, inactive_file = inactive } = of as { [name: string]: number | undefined }
    return {
      name: Labels[CONTAINER_NAME_LABEL] ?? '',
      cpuMs: cpu_stats.cpu_usage.total_usage / 1e6,
      memoryBytes: Math.max(0, usage - (inactive === 0 ? inactive_file : inactive)),
      processes: pids_stats?.current ?? 0,
    }
  })
  return (await Promise.all(measured)).flat()
}
