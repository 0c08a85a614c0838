import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { createProxyServer } from 'httpxy'
import type { Target } from '../services/service-port.ts'
import { backendKey } from './messages.ts'
import type { IngressTable } from './messages.ts'
import { routeFor } from './routes.ts'

/** Passes requests on to pods, by a table that may be replaced while they run. */
export interface IngressServer {
  table: Pick<IngressTable, 'routes' | 'targets'>
  request(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
}

/** Idle connections to pods that are kept, for each pod. */
const KEPT_CONNECTIONS = 32
/** Tries of a request that has no body: a pod may be gone, or have closed a kept connection just now. */
const MOST_TRIES = 3

export function createIngressServer(): IngressServer {
  const proxy = createProxyServer()
  const { Agent } = process.getBuiltinModule('node:http')
  const agent = new Agent({ keepAlive: true, maxFreeSockets: KEPT_CONNECTIONS })
  let next = 0
  const find = (request: IncomingMessage): readonly Target[] | undefined => {
    const { routes, targets } = server.table
    const backend = routeFor({ routes }, request.headers.host ?? '', request.url ?? '/')?.backend
    return backend && (targets.get(backendKey(backend)) ?? [])
  }
  const optionsFor = (targets: readonly Target[]) => {
    const { ip, port } = targets[next++ % targets.length]!
    return { target: { protocol: 'http:', host: ip, port } }
  }
  async function pass(request: IncomingMessage, response: ServerResponse, targets: readonly Target[]): Promise<void> {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers
    const isRepeatable = length === '0' && encoding === undefined
    for (let tries = 1; ; tries++) {
      // The empty body of a request can be read once.
      const again = tries > 1 && { buffer: Readable.from([]) }
      try {
        return await proxy.web(request, response, { ...optionsFor(targets), ...again, agent })
      } catch {
        if (response.headersSent || response.destroyed) return void response.destroy()
        if (!isRepeatable || tries === MOST_TRIES) return answer(response, 502, 'Bad Gateway')
      }
    }
  }
  const server: IngressServer = {
    table: { routes: [], targets: new Map() },
    request(request, response) {
      const targets = find(request)
      if (targets === undefined) return answer(response, 404, 'default backend - 404')
      if (targets.length === 0) return answer(response, 503, 'Service Temporarily Unavailable')
      sayWhoAsks(request)
      void pass(request, response, targets)
    },
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy())
      const targets = find(request)
      if (targets === undefined || targets.length === 0) {
        const status = targets === undefined ? '404 Not Found' : '503 Service Unavailable'
        return void socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      }
      sayWhoAsks(request)
      proxy.ws(request, socket, optionsFor(targets), head).catch(() => socket.destroy())
    },
  }
  return server
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

/** What a client says of itself there is not believed. */
function sayWhoAsks({ headers, socket }: IncomingMessage): void {
  const isEncrypted = 'encrypted' in socket
  headers['x-forwarded-for'] = headers['x-real-ip'] = socket.remoteAddress ?? ''
  headers['x-forwarded-host'] = headers.host ?? ''
  headers['x-forwarded-port'] = String(socket.localPort ?? '')
  headers['x-forwarded-proto'] = headers['x-forwarded-scheme'] = isEncrypted ? 'https' : 'http'
}
