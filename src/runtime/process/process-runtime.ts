import { mkdirSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import type { Environment } from '../../env/environment.ts'
import { diskUsage } from '../disk-usage.ts'
import { RuntimeError } from '../runtime.ts'
import type { HostPorts } from '../host-ports.ts'
import { DEFAULT_LOG_LIMITS } from '../log-limits.ts'
import type { LogLimits } from '../log-limits.ts'
import type { PodNetwork } from '../pod-network.ts'
import type { Runtime } from '../runtime.ts'
import { measureCapacity } from './capacity.ts'
import { createContainers } from './containers.ts'
import type { Containers } from './containers.ts'
import { createExecutions } from './executions.ts'
import type { Executions } from './executions.ts'
import { findImage, requireImage } from './image.ts'
import { describeLimitations } from './limitations.ts'
import { createSandboxes } from './sandboxes.ts'
import type { Sandboxes } from './sandboxes.ts'
import { dialPod } from './dial.ts'
import { startSpawner } from './spawner-process.ts'
import type { Spawner, SpawnerHandlers } from './spawner-process.ts'
import { ownerPrefix, sweepLeftovers } from './leftovers.ts'

export interface ProcessRuntimeOptions {
  readonly environment: Environment
  /** Where pods, logs and the spawner's files go, in a directory of the runtime's own. Default: the system's for temporary files. */
  readonly directory?: string
  /** False: plain processes, mount paths rewritten. Default: namespaces where the machine allows them. */
  readonly namespaces?: boolean
  /**
   * How pods get addresses: `namespace` (a network each), `loopback` (an address of 127.0.0.0/8 to which Node programs
   * are bound), `none` (the host's). Default `auto`: the first that the machine allows.
   */
  readonly network?: 'auto' | 'namespace' | 'loopback' | 'none'
  /** Has ports of the node lead to pods; absent: they do not. Ends with the runtime. */
  readonly hostPorts?: HostPorts
  /** An address of the node beside those that pods and host reach it at. */
  readonly nodeAddress?: string
  /** Default 10 MiB in each of 5 files. */
  readonly logs?: LogLimits
}

export interface ProcessRuntime extends Runtime {
  podNetwork(): Promise<PodNetwork>
}

/**
 * Containers as processes of this machine, in namespaces and cgroups where it allows them. Its spawner starts in the
 * background; the first pod waits for it.
 */
export function createProcessRuntime(options: ProcessRuntimeOptions): ProcessRuntime {
  const { environment } = options
  const base = options.directory ?? os.tmpdir()
  const directory = ownDirectory(base)
  let limits = describeLimitations(undefined, options.network ?? 'auto')
  let closed: Promise<void> | undefined
  const handlers: SpawnerHandlers = {
    event(event) {
      if (event.event === 'execExit') executions.ended(event)
      else if (event.event === 'inputTaken') executions.inputTaken(event.session)
      else containers.event(event)
    },
    data: (kind, session, bytes) => executions.data(kind, session, bytes),
    lost(detail) {
      environment.log.error('spawner ended', { detail })
      containers.lost()
    },
  }
  const swept = sweep(base, environment)
  const spawner = start(options, directory, handlers)
  spawner.then(
    (started) => (limits = describeLimitations(started, options.network ?? 'auto')),
    () => undefined,
  )
  const { network = 'auto', hostPorts, nodeAddress } = options
  const sandboxes = createSandboxes({ environment, spawner, directory, network, hostPorts, nodeAddress })
  const containers = createContainers({ environment, spawner, sandboxes, logs: options.logs ?? DEFAULT_LOG_LIMITS })
  const executions = createExecutions({ spawner, containers })
  const close = async () => {
    await spawner.then(
      (started) => started.close(),
      () => undefined,
    )
    await options.hostPorts?.[Symbol.asyncDispose]()
    await swept
    await rm(directory, { recursive: true, force: true })
  }

  return {
    name: 'process',
    version: process.versions.node,
    pullImage: async (image) => requireImage(image),
    imageStatus: async (image) => findImage(image),
    startSandbox: sandboxes.start,
    ...endsOf(sandboxes, containers),
    createContainer: containers.create,
    startContainer: containers.start,
    stopContainer: containers.stop,
    updateContainer: containers.update,
    writtenBytes: (sandboxId) => diskUsage(sandboxes.surroundings(sandboxId)?.files.directory ?? ''),
    removeContainer: containers.remove,
    containerStatus: containers.status,
    list: async () => ({ sandboxes: sandboxes.list(), containers: containers.list() }),
    onChange: containers.onChange,
    logs: containers.logs,
    ...streamsOf(executions),
    dial: (sandboxId, port) => dialSandbox(sandboxes, sandboxId, port),
    ...measurementsOf(containers),
    // With the spawner: a node is Ready once its runtime is, knows what it cannot do, and never where it starts nothing.
    capacity: () => spawner.then(() => measureCapacity(directory)),
    limitations: () => limits,
    podNetwork: () => podNetworkOf(sandboxes, spawner),
    close: () => (closed ??= close()),
  }
}

function ownDirectory(base: string): string {
  mkdirSync(base, { recursive: true })
  return mkdtempSync(path.join(base, ownerPrefix()))
}

function sweep(base: string, { log }: Environment): Promise<void> {
  return sweepLeftovers(base).catch((error: unknown) => log.debug('leftovers were not removed', { error }))
}

async function podNetworkOf(sandboxes: Sandboxes, started: Promise<Spawner>): Promise<PodNetwork> {
  const spawner = await started
  const { subnet, rules } = spawner.abilities
  const endpoints = await sandboxes.endpointsDirectory()
  const own = {
    hostAddress: await sandboxes.hostAddress(),
    ...(subnet !== undefined && { subnet }),
    ...(endpoints !== undefined && { endpoints }),
  }
  if (subnet === undefined || !rules) return own
  const rule = async (script: string) => void (await spawner.request({ op: 'rule', script }))
  const route = async (range: string) => void (await spawner.request({ op: 'route', range }))
  return { ...own, rule, route }
}

function endsOf(
  sandboxes: Sandboxes,
  { killAll, removeAll }: Containers,
): Pick<Runtime, 'stopSandbox' | 'removeSandbox'> {
  return {
    async stopSandbox(sandboxId) {
      await killAll(sandboxId)
      await sandboxes.stop(sandboxId)
    },
    async removeSandbox(sandboxId) {
      await removeAll(sandboxId)
      await sandboxes.remove(sandboxId)
    },
  }
}

const measurementsOf = ({ usage, untaken }: Containers) => ({ usage, untakenConnections: untaken })
const streamsOf = ({ start: exec, attach }: Executions) => ({ exec, attach })

function start(settings: ProcessRuntimeOptions, home: string, handlers: SpawnerHandlers): Promise<Spawner> {
  const { network = 'auto', namespaces = true } = settings
  return startSpawner(
    { owner: path.basename(home), directory: home, network: network === 'auto' || network === 'namespace' },
    handlers,
    { namespaces },
  )
}

async function dialSandbox(sandboxes: Sandboxes, sandboxId: string, port: number): Promise<Duplex> {
  const sandbox = sandboxes.find(sandboxId)
  if (!sandbox) throw new RuntimeError('RunContainerError', `Cannot dial "${sandboxId}": no such sandbox`)
  return dialPod(sandbox.ip, port)
}
