import { mkdir } from 'node:fs/promises'
import type { Environment } from '../../env/environment.ts'
import { measureCapacity } from '../process/capacity.ts'
import { dialPod } from '../process/dial.ts'
import { watchContainers } from '../engine/watching.ts'
import { openPulledNames } from '../engine/pulled-images.ts'
import { isProcessOf } from '../engine/process-of.ts'
import { DEFAULT_LOG_LIMITS } from '../log-limits.ts'
import type { LogLimits } from '../log-limits.ts'
import { RuntimeError } from '../runtime.ts'
import type { ContainerUsage, Runtime } from '../runtime.ts'
import { untakenConnections } from '../untaken-connections.ts'
import { connectCri } from './connection.ts'
import type { CriConnection } from './connection.ts'
import { openContainers } from './containers.ts'
import type { Containers } from './containers.ts'
import { connectFailure } from '../engine/engine-missing.ts'
import { imageCalls } from './images.ts'
import { containerLog, rotateLogs } from './log-files.ts'
import { openSandboxes } from './sandboxes.ts'
import { openCommand } from './streaming.ts'

export interface CriRuntimeOptions {
  readonly environment: Environment
  /** The engine's socket: a path or `unix:///path`. Default containerd's. */
  readonly endpoint?: string
  /** Where pods' logs and hosts files lie. The same one after a restart finds the pods of before. */
  readonly directory: string
  /** Whose pods they are, of all that the engine runs: at most 63 letters, digits, dots and dashes. */
  readonly owner: string
  /** The address of pods in the node's own network. Default 127.0.0.1. */
  readonly hostAddress?: string
  /** Whether an owner will never come for what it has left, so that it may be removed. Default: all may. */
  readonly isDead?: (owner: string) => boolean
  /** Default 10 MiB in each of 5 files. */
  readonly logs?: LogLimits
}

export const DEFAULT_ENDPOINT = 'unix:///run/containerd/containerd.sock'
const KIND = {
  expected: 'a CRI runtime such as containerd',
  ifSilent: 'look at its log with `journalctl -u containerd`; its CRI plugin has to be on',
  ifAbsent:
    'install and start it with `sudo apt-get install containerd containernetworking-plugins`, or name another --cri-endpoint',
}
const CONNECT_TIMEOUT_MS = 5_000

/**
 * Containers run by any engine that speaks the Container Runtime Interface. They outlive this runtime: one that is opened
 * later for the same owner and directory knows them again. Rejects with an {@link EngineMissing}.
 */
export async function openCriRuntime(options: CriRuntimeOptions): Promise<Runtime> {
  const { environment, directory, owner, endpoint = DEFAULT_ENDPOINT, hostAddress = '127.0.0.1' } = options
  await mkdir(directory, { recursive: true })
  const connection = await connectCri(environment.clock, endpoint)
  const version = await connection.call('Version', {}, { timeoutMs: CONNECT_TIMEOUT_MS }).catch((error: unknown) => {
    connection.close()
    throw connectFailure(endpoint, error, KIND)
  })
  const { isDead } = options
  const sandboxes = await openSandboxes({ connection, owner, directory, hostAddress, ...(isDead && { isDead }) })
  const containers = await openContainers({ environment, connection, sandboxes, owner })
  const sources = (['containerd', 'cri'] as const).map(
    (source) => (stop: AbortSignal) => connection.events(source, stop),
  )
  const closing = new AbortController()
  const { signal } = closing
  const work = [
    watchContainers(environment, sources, containers, signal),
    rotateLogs(environment, connection, containers, options.logs ?? DEFAULT_LOG_LIMITS, signal),
  ]

  return {
    name: version.runtimeName,
    version: version.runtimeVersion.replace(/^v/, ''),
    outlivesAgent: true,
    ...imageCalls(connection, openPulledNames(directory)),
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
    logs: (id, request) => containerLog(environment, containers, id, request),
    ...streamsOf(connection, containers),
    async dial(sandboxId, port) {
      const pod = sandboxes.find(sandboxId)
      if (pod === undefined) throw new RuntimeError('RunContainerError', `Cannot dial "${sandboxId}": no such sandbox`)
      return await dialPod(pod.sandbox.ip, port)
    },
    untakenConnections: (sandboxId) => untaken(connection, sandboxId),
    usage: (sandboxId) => usage(connection, sandboxId),
    capacity: () => measureCapacity(directory),
    limitations: () => [],
    async close() {
      closing.abort()
      await Promise.all(work)
      connection.close()
    },
  }
}

function streamsOf(connection: CriConnection, containers: Containers): Required<Pick<Runtime, 'exec' | 'attach'>> {
  return {
    async exec(containerId, { command, stdin, tty, signal }) {
      const wanted = { stdin, tty, stdout: true, stderr: !tty }
      const { url } = await connection.call('Exec', { containerId, cmd: command, ...wanted })
      return await openCommand(url, wanted, signal)
    },
    async attach(containerId, { stdin, tty, signal }) {
      const wanted = { stdin, tty, stdout: true, stderr: !tty }
      const { url } = await connection.call('Attach', { containerId, ...wanted })
      const session = await openCommand(url, wanted, signal)
      const exitCode = session.exitCode.then(async (code) => {
        const state = (await containers.refresh(containerId))?.state
        return state?.phase === 'exited' ? state.exitCode : code
      })
      return { ...session, exitCode }
    },
  }
}

/** Told by the process that holds the sandbox, which engines name where they are asked for all that they know. */
async function untaken(connection: CriConnection, podSandboxId: string): Promise<number> {
  const { info } = await connection.call('PodSandboxStatus', { podSandboxId, verbose: true })
  const { pid } = JSON.parse(info['info'] ?? '{}') as { readonly pid?: number }
  return pid !== undefined && isProcessOf(podSandboxId, pid) ? untakenConnections(pid) : 0
}

async function usage(connection: CriConnection, podSandboxId: string): Promise<readonly ContainerUsage[]> {
  const { stats } = await connection.call('ListContainerStats', { filter: { podSandboxId } })
  return stats.map(({ attributes, cpu, memory }) => ({
    name: attributes?.metadata.name ?? '',
    cpuMs: (cpu?.usageCoreNanoSeconds?.value ?? 0) / 1e6,
    memoryBytes: memory?.workingSetBytes?.value ?? 0,
    processes: 0,
  }))
}
