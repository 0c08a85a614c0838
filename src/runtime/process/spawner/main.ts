import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import path from 'node:path'
import { sleep } from '../../../env/clock.ts'
import { systemEnvironment } from '../../../env/system.ts'
import { untakenConnections } from '../../untaken-connections.ts'
import { closeCgroupHome, openCgroupHome } from './cgroup.ts'
import { killContainer, signalContainer, startContainer } from './containers.ts'
import type { RunningContainer, StartContext } from './containers.ts'
import { createExecSessions } from './exec-sessions.ts'
import { executableError } from './executable.ts'
import { canChangeIdentity, canFilter } from './launch.ts'
import { openLink } from './link.ts'
import type { Request, SpawnerSettings } from './messages.ts'
import { startWithCovers } from './mount-points.ts'
import { createNetwork } from './network.ts'
import { sampleUsage } from './processes.ts'
import { createTimestamps } from './timestamps.ts'

/** The root is being built while this program loads; its builder says when this process has been moved into it. */
function awaitRoot(): void {
  if (fs.readFileSync(0, 'utf8').trim() !== 'ready') process.exit(1)
}

/**
 * The spawner: starts processes for the control plane, which is too large to fork quickly, and outlives it just long
 * enough to end them. It ends in one way only: everything killed, everything removed, whether asked by `close` or because
 * the link closed.
 */
const settings: SpawnerSettings = JSON.parse(process.argv[2] ?? '{}')
if (settings.namespaces) awaitRoot()
const environment = systemEnvironment()
const containers = new Map<string, RunningContainer>()
const cgroups = openCgroupHome(settings.owner)
const link = openLink(
  {
    message: (message) => void handle(message as Request),
    data: (kind, session, bytes) => sessions.input(kind, session, bytes),
  },
  () => void shutDown(true),
)
const sessions = createExecSessions(link, environment.timers)
const network = createNetwork(settings)
const timestamp = createTimestamps(environment.clock)
const context: StartContext = {
  settings,
  link,
  cgroups,
  networkNamespace: network.namespaceOf,
  clock: environment.clock,
  timers: environment.timers,
  timestamp,
}
let closing = false

async function handle(request: Request): Promise<void> {
  try {
    const outcome = await perform(request)
    link.reply(request.id, outcome)
  } catch (error) {
    link.reply(request.id, { ok: false, error: error instanceof Error ? error.message : String(error) })
  }
}

type Outcome = { ok: true; value: unknown } | { ok: false; error: string }

async function perform(request: Request): Promise<Outcome> {
  switch (request.op) {
    case 'start': {
      const started = await startContainer(request.container, context)
      if ('error' in started) return { ok: false, ...started }
      containers.set(request.container.containerId, started)
      if (closing) killContainer(started)
      return { ok: true, value: { pid: started.pid } }
    }
    case 'exec': {
      const container = containers.get(request.exec.containerId)
      if (!container || container.exited) return { ok: false, error: 'container is not running' }
      const { argv, env, cwd } = request.exec
      const missing = executableError(argv[0] ?? '', env['PATH'], cwd, container.spec.mounts)
      if (missing !== undefined) return { ok: false, error: `unable to start container process: ${missing}` }
      await container.isSetUp()
      sessions.start(request.session, request.exec, container.pid, settings.namespaces)
      break
    }
    case 'attach': {
      const container = containers.get(request.containerId)
      if (!container || container.exited) return { ok: false, error: 'container is not running' }
      sessions.attach(request.session, container, request.closesInput)
      break
    }
    case 'signal': {
      const container = containers.get(request.containerId)
      if (!container) break
      // Before, its process is a program of ours, which has no handlers.
      await container.isSetUp()
      signalContainer(container, request.signal as NodeJS.Signals)
      break
    }
    case 'joinNetwork':
      await network.join(request.sandboxId, request.address)
      break
    case 'tuneNetwork':
      await network.tune(request.sandboxId, request.settings)
      break
    case 'leaveNetwork':
      await network.leave(request.sandboxId)
      break
    case 'rule':
      await network.rule(request.script)
      break
    case 'route':
      await network.route(request.range)
      break
    case 'close':
      link.reply(request.id, { ok: true, value: null })
      await shutDown()
      break
    default:
      return { ok: true, value: performAtOnce(request) }
  }
  return { ok: true, value: null }
}

function performAtOnce(
  request: Exclude<
    Request,
    {
      op:
        | 'start'
        | 'exec'
        | 'attach'
        | 'signal'
        | 'joinNetwork'
        | 'tuneNetwork'
        | 'leaveNetwork'
        | 'rule'
        | 'route'
        | 'close'
    }
  >,
) {
  const container = 'containerId' in request ? containers.get(request.containerId) : undefined
  switch (request.op) {
    case 'kill':
      if (container) killContainer(container)
      return null
    case 'release':
      container?.cgroup?.remove()
      containers.delete(request.containerId)
      return null
    case 'endExec':
      sessions.end(request.session)
      return null
    case 'resize':
      sessions.resize(request.session, request.columns, request.rows)
      return null
    case 'flow':
      sessions.flow(request.session, request.paused)
      return null
    case 'limit':
      container?.cgroup?.limit(request.limits)
      return null
    case 'follow':
      if (container) container.followed = request.on
      return null
    case 'untaken':
      return container && !container.exited ? untakenConnections(container.pid, request.address) : 0
    case 'usage':
      return request.containerIds.flatMap((id) => containers.get(id) ?? []).map(sampleUsage)
  }
}

/** A process in uninterruptible sleep must not keep the rest from being removed for longer than this. */
const LONGEST_END_MS = 2000
const CGROUP_PAUSE_MS = 5
const CGROUP_TRIES = 200

/** `isOrphan` where the owner is gone without a word, and cannot remove what is its own. */
async function shutDown(isOrphan = false): Promise<void> {
  if (closing) return
  closing = true
  sessions.endAll()
  await Promise.race([endContainers(), sleep(environment.timers, LONGEST_END_MS)])
  await network.close()
  for (let tries = 0; tries < CGROUP_TRIES && !closeCgroupHome(cgroups); tries++) {
    await sleep(environment.timers, CGROUP_PAUSE_MS)
  }
  removeDirectories(isOrphan)
  process.exit(0)
}

/** The root that pods see is mounted in this process' own view, where it would be busy. */
function removeDirectories(isOrphan: boolean): void {
  if (settings.namespaces) spawnSync('umount', ['-l', path.join(settings.directory, 'root')], { stdio: 'ignore' })
  const above = path.dirname(settings.directory)
  // A directory of the owner's life alone goes with the owner; its name says so.
  const all = isOrphan && /^shoal-\d+-\d+-\w{6}$/.test(path.basename(above)) ? above : settings.directory
  try {
    fs.rmSync(all, { recursive: true, force: true })
  } catch {
    // The next sweep finds it.
  }
}

async function endContainers(): Promise<void> {
  const ended = [...containers.values()].map((container) => {
    if (container.child.exitCode !== null || container.child.signalCode !== null) return undefined
    const exit = new Promise((resolve) => container.child.once('exit', resolve))
    killContainer(container)
    return exit
  })
  await Promise.all(ended)
}

if (settings.namespaces) startWithCovers(['/', '/dev', '/etc', '/run', '/var'], settings.directory)
const subnet = await network.ready
link.event({
  event: 'ready',
  pid: process.pid,
  cgroup: cgroups.version,
  privileges: canChangeIdentity,
  filters: canFilter,
  ...(subnet && { subnet }),
  outside: network.reachesOutside,
  rules: subnet !== undefined && network.takesRules,
  notes: network.notes,
})
process.on('SIGTERM', () => undefined)
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)
