import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { join } from 'node:path'
import type { Timers } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { openLink, readControl } from '../wire/link.ts'
import type { Link } from '../wire/link.ts'
import { FRAME } from '../wire/messages.ts'
import type { WorkerMessage } from '../wire/messages.ts'
import type { AttachedWorker, Coordinator } from './coordinator.ts'

/** How workers reach the coordinator. */
export type Reach =
  /** Through a socket in this directory, which only its user may enter. It is made where it is missing. */
  | { readonly kind: 'unix'; readonly directory: string }
  /** By the network; `advertise` is the host that workers dial where it is not `host`. Port 0 takes a free one. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port?: number; readonly advertise?: string }

export interface Listener {
  /** What workers are told to dial: `unix:/path` or `tcp:host:port`. */
  readonly address: string
  close(): Promise<void>
}

/** Accepts workers that hold `token` and hands them to `coordinator`. */
export async function listen(
  { name, env: { timers } }: { readonly name: string; readonly env: Environment },
  reach: Reach,
  token: string,
  coordinator: Coordinator,
): Promise<Listener> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serveWorker(socket, token, coordinator, timers)
  })
  const address =
    reach.kind === 'unix' ? await listenOnPath(server, reach.directory, name) : await listenOnPort(server, reach)
  return {
    address,
    async close() {
      for (const socket of sockets) socket.destroySoon()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Speaks to a worker over `stream`, whoever opened it. */
export function serveWorker(stream: Duplex, token: string, coordinator: Coordinator, timers: Timers): void {
  let link: Link | undefined
  let worker: AttachedWorker | undefined
  openLink(stream, 'coordinator', token, {
    after: (ms, action) => timers.after(ms, action, { background: true }),
    onOpen: (opened) => (link = opened),
    onFrame(kind, body) {
      if (worker !== undefined) return worker.frame(kind, body)
      const message = kind === FRAME.control ? (readControl(body) as WorkerMessage) : undefined
      if (message?.type !== 'ready' || link === undefined) throw new Error('Cannot use a worker that is not introduced')
      worker = coordinator.attach(link, message.worker)
    },
    onClosed: (error) => worker?.closed(error),
  })
}

/** Longer paths do not fit into the address of a Unix socket. */
const MAX_SOCKET_PATH_BYTES = 103

async function listenOnPath(server: Server, directory: string, name: string): Promise<string> {
  const path = join(directory, `${name}.sock`)
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new Error(
      `Cannot listen on "${path}": it has ${Buffer.byteLength(path)} bytes, expected ${MAX_SOCKET_PATH_BYTES} at most`,
    )
  }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await chmod(directory, 0o700)
  await rm(path, { force: true })
  await started(server, () => server.listen(path))
  await chmod(path, 0o700)
  return `unix:${path}`
}

async function listenOnPort(server: Server, reach: Reach & { kind: 'tcp' }): Promise<string> {
  await started(server, () => server.listen(reach.port ?? 0, reach.host))
  return `tcp:${reach.advertise ?? reach.host}:${(server.address() as AddressInfo).port}`
}

function started(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    listen()
  })
}
