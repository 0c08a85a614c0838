import * as fs from 'node:fs'
import { closeCgroupHome, openCgroupHome } from './cgroup.ts'
import { killContainer, signalContainer, startContainer } from './containers.ts'
import type { RunningContainer, StartContext } from './containers.ts'
import { createExecSessions } from './exec-sessions.ts'
import { openLink } from './link.ts'
import type { Request, SpawnerSettings } from './messages.ts'
import { startWithCovers } from './mount-points.ts'
import { createNetwork } from './network.ts'
import { sampleUsage } from './processes.ts'

/**
 * The spawner: starts processes for the control plane, which is too large to fork quickly, and outlives it just long
 * enough to end them. It ends in one way only: everything killed, everything removed, whether asked by `close` or because
 * the link closed.
 */
const settings: SpawnerSettings = JSON.parse(process.argv[2] ?? '{}')
const containers = new Map<string, RunningContainer>()
const cgroups = openCgroupHome(settings.owner)
const link = openLink(
  {
    message: (message) => void handle(message as Request),
    data: (kind, session, bytes) => sessions.input(kind, session, bytes),
  },
  () => void shutDown(),
)
const sessions = createExecSessions(link)
const network = createNetwork(settings)
const context: StartContext = { settings, link, cgroups, networkNamespace: network.namespaceOf }
let closing = false

async function handle(request: Request): Promise<void> {
  try {
    const outcome = await perform(request)
    link.reply(request.id, outcome)
  } catch (error) {
    link.reply(request.id, { ok: false, error: error instanceof Error ? error.message : String(error) })
  }
}

type Outcome = { ok: true; value: unknown } | { ok: false; error: string; exitCode?: number }

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
      sessions.start(request.session, request.exec, container.pid, settings.namespaces)
      break
    }
    case 'joinNetwork':
      await network.join(request.sandboxId, request.address)
      break
    case 'leaveNetwork':
      await network.leave(request.sandboxId)
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

function performAtOnce(request: Exclude<Request, { op: 'start' | 'exec' | 'joinNetwork' | 'leaveNetwork' | 'close' }>) {
  const container = 'containerId' in request ? containers.get(request.containerId) : undefined
  switch (request.op) {
    case 'signal':
      if (container) signalContainer(container, request.signal as NodeJS.Signals)
      return null
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
    case 'flow':
      sessions.flow(request.session, request.paused)
      return null
    case 'follow':
      if (container) container.followed = request.on
      return null
    case 'usage':
      return request.containerIds.flatMap((id) => containers.get(id) ?? []).map(sampleUsage)
  }
}

async function shutDown(): Promise<void> {
  if (closing) return
  closing = true
  sessions.endAll()
  const ended = [...containers.values()].map((container) => {
    if (container.child.exitCode !== null || container.child.signalCode !== null) return undefined
    const exit = new Promise((resolve) => container.child.once('exit', resolve))
    killContainer(container)
    return exit
  })
  // A process in uninterruptible sleep must not keep the rest from being removed.
  await Promise.race([Promise.all(ended), new Promise((resolve) => setTimeout(resolve, 2000))])
  await network.close()
  for (let tries = 0; tries < 200 && !closeCgroupHome(cgroups); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  fs.rmSync(settings.directory, { recursive: true, force: true })
  process.exit(0)
}

if (settings.namespaces) startWithCovers(['/', '/dev', '/etc', '/run', '/var'])
const subnet = await network.ready
link.event({
  event: 'ready',
  pid: process.pid,
  cgroup: cgroups.version,
  ...(subnet && { subnet }),
  notes: network.notes,
})
process.on('SIGTERM', () => undefined)
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)
