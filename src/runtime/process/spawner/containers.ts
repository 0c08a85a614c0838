import type { ChildProcess } from 'node:child_process'
import type { Clock, Timers } from '../../../env/clock.ts'
import { containerCgroup } from './cgroup.ts'
import type { Cgroup, CgroupHome } from './cgroup.ts'
import { executableError } from './executable.ts'
import { launchContainer, untilSetUp } from './launch.ts'
import { createLogWriter } from './log-writer.ts'
import type { Link } from './link.ts'
import type { ContainerExit, SpawnerSettings, StartContainer } from './messages.ts'
import { prepareMountPoints } from './mount-points.ts'
import { endProcesses, handles, signalGroup } from './processes.ts'
import { constants } from 'node:os'

/** A container from its start until it is released. */
export interface RunningContainer {
  readonly spec: StartContainer
  readonly child: ChildProcess
  readonly pid: number
  readonly cgroup: Cgroup | undefined
  /** Resolves when it has its namespaces and mounts, if it gets any; nothing enters it, or signals it, before. */
  readonly isSetUp: () => Promise<void>
  followed: boolean
  exited: boolean
  /** The last signal that it was sent from here. */
  signalled?: NodeJS.Signals
}

export interface StartContext {
  readonly settings: SpawnerSettings
  readonly link: Link
  readonly cgroups: CgroupHome
  readonly clock: Clock
  readonly timers: Timers
  /** The time of a line of a log. */
  readonly timestamp: () => string
  networkNamespace(sandboxId: string): string | undefined
}

/** Why a container could not be started. */
export interface StartFailure {
  readonly error: string
}

/** Starts a container; resolves when its process exists, or with the reason why it does not. */
export async function startContainer(
  spec: StartContainer,
  context: StartContext,
): Promise<RunningContainer | StartFailure> {
  const missing = executableError(spec.argv[0] ?? '', spec.env['PATH'], spec.cwd, spec.mounts)
  if (missing !== undefined) return { error: missing }
  const mounts = context.settings.namespaces ? await prepareMountPoints(spec.mounts) : spec.mounts
  const cgroup = containerCgroup(context.cgroups, spec.containerId, spec.limits)
  const networkNamespace = spec.hostNetwork ? undefined : context.networkNamespace(spec.sandboxId)
  const child = launchContainer({ ...spec, mounts }, context.settings, {
    cgroupFiles: cgroup?.joinFiles ?? [],
    ...(networkNamespace && { networkNamespace }),
  })
  if (child.pid === undefined) {
    const error = await new Promise<Error>((resolve) => child.once('error', resolve))
    cgroup?.remove()
    return { error: error.message }
  }
  child.on('error', () => undefined)
  const container: RunningContainer = {
    spec,
    child,
    pid: child.pid,
    cgroup,
    isSetUp: setUpOf(child.pid, context),
    followed: false,
    exited: false,
  }
  watch(container, context)
  return container
}

/** Looked for when somebody first asks, and once. */
function setUpOf(pid: number, { settings, timers }: StartContext): () => Promise<void> {
  let found: Promise<void> | undefined
  return () => (found ??= settings.namespaces ? untilSetUp(timers, pid) : Promise.resolve())
}

/** Writes the container's output to its log, and reports its end once both its output and its processes have ended. */
function watch(container: RunningContainer, { link, clock, timestamp }: StartContext): void {
  const { child, spec } = container
  const log = createLogWriter(spec.log, timestamp, () => {
    if (container.followed) link.event({ event: 'grew', containerId: spec.containerId })
  })
  child.stdin?.on('error', () => undefined)
  child.stdout?.on('data', (chunk: Buffer) => log.write('stdout', chunk))
  child.stderr?.on('data', (chunk: Buffer) => log.write('stderr', chunk))
  // The main process is the container: what it leaves behind ends with it, which also closes the pipes.
  child.once('exit', () => {
    container.exited = true
    endProcesses(container)
  })
  child.once('close', (code, signal) => {
    log.close()
    const exit = describeExit(container, code, signal)
    container.cgroup?.remove()
    link.event({ event: 'exit', containerId: spec.containerId, ...exit, finishedAtMs: clock.now() })
  })
}

function describeExit(
  container: RunningContainer,
  code: number | null,
  signal: NodeJS.Signals | null,
): Omit<ContainerExit, 'finishedAtMs'> {
  const peak = container.cgroup?.peakMemoryBytes()
  // A first process that passes a signal on to itself, as Node does, lives on until it is killed. This one could not.
  const isOwn = signal !== null && container.spec.isFirstProcess && container.signalled === signal
  const ender = isOwn ? 'SIGKILL' : signal
  return {
    exitCode: ender ? 128 + constants.signals[ender] : (code ?? 255),
    ...(ender && { signal: ender }),
    oomKilled: container.cgroup?.oomKilled() ?? false,
    ...(peak !== undefined && { peakMemoryBytes: peak }),
  }
}

/**
 * A container's own process is to be as the first of a pid namespace, which a signal reaches only if it is ready for it:
 * what would end any other process by default does nothing to it.
 */
export function signalContainer(container: RunningContainer, signal: NodeJS.Signals): void {
  if (container.exited || (container.spec.isFirstProcess && !handles(container.pid, signal))) return
  container.signalled = signal
  signalGroup(container.pid, signal, false)
}

/** SIGKILL to everything in it; its end is reported as an `exit` event. */
export function killContainer(container: RunningContainer): void {
  if (!container.exited) signalGroup(container.pid, 'SIGKILL', false)
  endProcesses(container)
}
