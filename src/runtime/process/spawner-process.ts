import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Duplex } from 'node:stream'
import { ownProgram } from '../../env/own-module.ts'
import { rootViewScript } from './root-view.ts'
import { dataFrame, frameReader, messageFrame } from './spawner/framing.ts'
import type { Reply, RequestBody, SpawnerAbilities, SpawnerEvent, SpawnerSettings } from './spawner/messages.ts'

/** The spawner as the control plane sees it: requests with answers, events, and the bytes of exec sessions. */
export interface Spawner {
  readonly abilities: SpawnerAbilities
  readonly namespaces: boolean
  /** Why better ways of starting it did not do. */
  readonly failures: readonly string[]
  /** Resolves with the reply's value; rejects with a {@link SpawnerError}. */
  request(body: RequestBody): Promise<unknown>
  data(kind: number, session: number, bytes: Uint8Array): boolean
  close(): Promise<void>
}

export interface SpawnerHandlers {
  event(event: SpawnerEvent): void
  data(kind: number, session: number, bytes: Buffer): void
  /** The spawner ended without being asked: everything that it started is dead. */
  lost(detail: string): void
}

/** What the spawner could not do, in its words. */
export class SpawnerError extends Error {
  override readonly name = 'SpawnerError'
}

/**
 * Small in memory rather than quick: the spawner does little, and is there for as long as the cluster. Flags that change
 * how code is made (`--single-threaded`, `--no-opt`) are not here, since Node's own compiled code does not fit them: they
 * cost 8 ms at the start.
 */
const FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=64', '--no-warnings']
const entry = () => fileURLToPath(ownProgram(import.meta.url, './spawner/main'))

/** Node's own place for compiled code; with it, a spawner run from TypeScript need not load the stripper of types (13 MB, 20 ms). */
const compileCache = () => getCompileCacheDir() ?? path.join(os.tmpdir(), 'node-compile-cache')

/** How a spawner can be started, the best first. */
const WAYS = ['root', 'user', 'plain'] as const

/** Starts the spawner in namespaces of its own where the machine allows it, as a plain process elsewhere. */
export async function startSpawner(
  settings: Omit<SpawnerSettings, 'namespaces'>,
  handlers: SpawnerHandlers,
  allowed: { readonly namespaces: boolean },
): Promise<Spawner> {
  const isRoot = process.getuid?.() === 0
  const ways = WAYS.filter((way) =>
    way === 'plain' ? true : allowed.namespaces && process.platform === 'linux' && (way === 'root') === isRoot,
  )
  const failures: string[] = []
  for (const way of ways) {
    const namespaces = way !== 'plain'
    const network = settings.network && way === 'root'
    const command = [process.execPath, ...FLAGS, entry(), JSON.stringify({ ...settings, namespaces, network })]
    const outer = namespaces ? isolated(settings.directory, command, way === 'user') : command
    const started = await launch(outer, handlers).catch((error: Error) => error)
    if (!(started instanceof Error)) return { ...started, namespaces, failures }
    failures.push(started.message)
  }
  throw new SpawnerError(`Cannot start the spawner: ${failures.join('; ')}`)
}

function isolated(directory: string, command: readonly string[], asUser: boolean): string[] {
  const script = rootViewScript(directory, command)
  const unshare = ['unshare', ...(asUser ? ['--user', '--map-root-user'] : []), '--mount', '--propagation', 'slave']
  return [...unshare, '--pid', '--fork', '--kill-child', '/bin/sh', '-c', script]
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

async function launch(
  command: readonly string[],
  handlers: SpawnerHandlers,
): Promise<Omit<Spawner, 'namespaces' | 'failures'>> {
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    // Out of the terminal's process group: Ctrl-C is for the control plane, which then closes the spawner in order.
    detached: true,
    env: {
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`,
      NODE_COMPILE_CACHE: compileCache(),
    },
  })
  const link = child.stdio[3] as Duplex
  const waiting = new Map<number, Waiting>()
  const exited = watchExit(child, waiting, handlers)
  let lastId = 0
  const request = (body: RequestBody) =>
    new Promise<unknown>((resolve, reject) => {
      if (exited.done) return reject(new SpawnerError('Cannot reach the spawner: it has ended'))
      const id = ++lastId
      waiting.set(id, { resolve, reject })
      link.write(messageFrame({ ...body, id }))
    })
  link.on('error', () => undefined)
  const abilities = await new Promise<SpawnerAbilities>((resolve, reject) => {
    void exited.promise.then((detail) => reject(new SpawnerError(detail)))
    link.on(
      'data',
      frameReader({
        message: (message) => receive(message as Reply | SpawnerEvent, waiting, handlers, resolve),
        data: handlers.data,
      }),
    )
  })
  exited.started = true
  return {
    abilities,
    request,
    data: (kind, session, bytes) => link.write(dataFrame(kind, session, bytes)),
    async close() {
      exited.expected = true
      link.end()
      await exited.promise
    },
  }
}

function receive(
  message: Reply | SpawnerEvent,
  waiting: Map<number, Waiting>,
  handlers: SpawnerHandlers,
  ready: (abilities: SpawnerAbilities) => void,
): void {
  if ('event' in message) {
    if (message.event === 'ready') ready(message)
    else handlers.event(message)
    return
  }
  const asker = waiting.get(message.id)
  waiting.delete(message.id)
  if (message.ok) asker?.resolve(message.value)
  else asker?.reject(new SpawnerError(message.error))
}

interface ExitWatch {
  done: boolean
  started: boolean
  expected: boolean
  readonly promise: Promise<string>
}

/** The last words of a spawner that failed are kept for the error message. */
const KEPT_STDERR = 4096

function watchExit(child: ChildProcess, waiting: Map<number, Waiting>, handlers: SpawnerHandlers): ExitWatch {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-KEPT_STDERR)))
  const promise = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(`spawner ended with ${signal ?? code}: ${said.trim()}`))
  })
  const watch: ExitWatch = { done: false, started: false, expected: false, promise }
  void promise.then((detail) => {
    watch.done = true
    for (const asker of waiting.values()) asker.reject(new SpawnerError(detail))
    waiting.clear()
    if (watch.started && !watch.expected) handlers.lost(detail)
  })
  return watch
}
