import { mkdirSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Environment } from '../../env/environment.ts'
import { RuntimeError } from '../runtime.ts'
import type { Runtime } from '../runtime.ts'
import { measureCapacity } from './capacity.ts'
import { createContainers } from './containers.ts'
import { createExecutions } from './executions.ts'
import { findImage, requireImage } from './image.ts'
import { describeLimitations } from './limitations.ts'
import { createSandboxes } from './sandboxes.ts'
import { dialPod } from './dial.ts'
import { startSpawner } from './spawner-process.ts'
import type { Spawner } from './spawner-process.ts'
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
  /** Default 10 MiB in each of 5 files. */
  readonly logs?: { readonly maxBytes: number; readonly maxFiles: number }
}

export interface ProcessRuntime extends Runtime {
  /** The address at which pods reach servers of the host; the host's servers have to listen there. Resolves with the spawner. */
  hostAddress(): Promise<string>
}

const DEFAULT_LOGS = { maxBytes: 10 * 1024 * 1024, maxFiles: 5 }

/**
 * Containers as processes of this machine, in namespaces and cgroups where it allows them. Its spawner starts in the
 * background; the first pod waits for it.
 */
export function createProcessRuntime(options: ProcessRuntimeOptions): ProcessRuntime {
  const { environment } = options
  const base = options.directory ?? os.tmpdir()
  mkdirSync(base, { recursive: true })
  const directory = mkdtempSync(path.join(base, ownerPrefix()))
  const spawner = start(options, directory)
  spawner.catch(() => undefined)
  const sandboxes = createSandboxes({ environment, spawner, directory, network: options.network ?? 'auto' })
  const containers = createContainers({ environment, spawner, sandboxes, logs: options.logs ?? DEFAULT_LOGS })
  const executions = createExecutions({ spawner, containers })
  let limits = describeLimitations(undefined, options.network ?? 'auto')
  let closed: Promise<void> | undefined

  async function start(settings: ProcessRuntimeOptions, home: string): Promise<Spawner> {
    await sweepLeftovers(base)
    const wanted = settings.network ?? 'auto'
    const started = await startSpawner(
      { owner: path.basename(home), directory: home, network: wanted === 'auto' || wanted === 'namespace' },
      {
        event: (event) => (event.event === 'execExit' ? executions.ended(event) : containers.event(event)),
        data: (kind, session, bytes) => executions.data(kind, session, bytes),
        lost: (detail) => {
          environment.log.error('spawner ended', { detail })
          containers.lost()
        },
      },
      { namespaces: settings.namespaces ?? true },
    )
    limits = describeLimitations(started, wanted)
    return started
  }

  return {
    name: 'process',
    version: process.versions.node,
    pullImage: async (image) => requireImage(image),
    imageStatus: async (image) => findImage(image),
    startSandbox: sandboxes.start,
    stopSandbox: async (sandboxId) => {
      await containers.killAll(sandboxId)
      await sandboxes.stop(sandboxId)
    },
    removeSandbox: async (sandboxId) => {
      await containers.removeAll(sandboxId)
      await sandboxes.remove(sandboxId)
    },
    createContainer: containers.create,
    startContainer: containers.start,
    stopContainer: containers.stop,
    removeContainer: containers.remove,
    containerStatus: containers.status,
    list: async () => ({ sandboxes: sandboxes.list(), containers: containers.list() }),
    onChange: containers.onChange,
    logs: containers.logs,
    exec: executions.start,
    dial: async (sandboxId, port) => {
      const sandbox = sandboxes.find(sandboxId)
      if (!sandbox) throw new RuntimeError('RunContainerError', `Cannot dial "${sandboxId}": no such sandbox`)
      return dialPod(sandbox.ip, port)
    },
    usage: containers.usage,
    capacity: () => measureCapacity(directory),
    limitations: () => limits,
    hostAddress: sandboxes.hostAddress,
    close() {
      closed ??= spawner
        .then(
          (started) => started.close(),
          () => undefined,
        )
        .then(() => rm(directory, { recursive: true, force: true }))
      return closed
    },
  }
}
