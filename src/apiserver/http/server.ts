import { once } from 'node:events'
import type { Server as SecureServer } from 'node:https'
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { ApiError } from '../../api/meta/status.ts'
import { responseOn } from '../../streams/upgrade.ts'
import type { Upgrade } from '../../streams/upgrade.ts'
import type { AuditNotes } from '../audit/audit-notes.ts'
import { impersonate, NobodyImpersonated } from '../authn/impersonation.ts'
import { sendError, sendText } from './answer.ts'
import { createExchange } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { addHttp2, ALPN_PROTOCOLS } from './http2.ts'
import { createOtherPaths } from './other-paths.ts'
import type { OtherPaths } from './other-paths.ts'
import { parseQuery } from './query-options.ts'
import { parsePath } from './request-path.ts'
import { serveResource } from './resource-requests.ts'
import type { ResourceServer } from './resource-requests.ts'
import type { HttpServerOptions } from './server-options.ts'
import { createWatching } from './watching.ts'
import type { Watching, WatchedRequest } from './watching.ts'

/** Certificate, key and the authority whose client certificates are believed, all in PEM. */
export interface TlsOptions {
  readonly certificate: string
  readonly key: string
  readonly clientAuthority: string
}

export interface ListenOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Default 0: any free one. */
  readonly port?: number
  /** Plain HTTP without it, which only tests want: there is then no way to know a client but a token. */
  readonly tls?: TlsOptions
}

/** A listening server; disposing it ends all connections. */
export interface HttpServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Takes connections at another address too, on the same port or another; rejects where that is not to be had. */
  listenAlso(host: string, port?: number): Promise<void>
  close(): Promise<void>
}

/** Serves the API over HTTPS. Resolves when it listens; rejects with Node's error (`EADDRINUSE`) where it cannot. */
export async function listen(options: HttpServerOptions, at: ListenOptions = {}): Promise<HttpServer> {
  const { host = '127.0.0.1', port = 0, tls } = at
  const handle = createHandler(options)
  const bounds = boundsOf(options)
  const server = await (tls === undefined ? createPlainServer(bounds, handle) : createTlsServer(tls, bounds, handle))
  const endHttp2 = tls === undefined ? () => {} : addHttp2(server as SecureServer, handle)
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    socket.on('error', () => {})
    handle(request, responseOn(request, socket), { request, socket, head })
  })
  server.listen(port, host)
  await once(server, 'listening')
  const actual = (server.address() as AddressInfo).port
  const doors: Server[] = []
  const listenAlso = async (other: string, at = actual) => {
    const door = createServer((socket) => void server.emit('connection', socket))
    doors.push(door.listen(at, other))
    await once(door, 'listening')
  }
  const close = async () => {
    if (!server.listening) return
    for (const door of doors) door.close()
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    for (const socket of upgraded) socket.destroy()
    endHttp2()
    await closed
  }
  const shownHost = host.includes(':') ? `[${host}]` : host
  const url = `${tls === undefined ? 'http' : 'https'}://${shownHost}:${actual}`
  return { url, port: actual, listenAlso, close, [Symbol.asyncDispose]: close }
}

type Handler = (request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade) => void

/** As Go's server takes them. */
const MAX_HEADER_BYTES = 1 << 20
const HEADERS_TIMEOUT_MS = 32_000
const REQUEST_TIMEOUT_MS = 300_000

/** A client that sends its request too slowly gets 408, and one with too much in its headers 431: Node says so itself. */
function boundsOf({ receiveTimeoutMs = REQUEST_TIMEOUT_MS }: HttpServerOptions): ServerOptions {
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: 0,
    requestTimeout: receiveTimeoutMs,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, receiveTimeoutMs),
    connectionsCheckingInterval: Math.min(10_000, receiveTimeoutMs),
  }
}

/** Loaded only here: to import `node:http`, which `node:https` does not, loads Node's `fetch` too, 9 MB and 15 ms. */
async function createPlainServer(bounds: ServerOptions, handle: Handler) {
  const http = await import('node:http')
  return http.createServer(bounds, handle)
}

async function createTlsServer(tls: TlsOptions, bounds: ServerOptions, handle: Handler) {
  const https = await import('node:https')
  const credentials = { cert: tls.certificate, key: tls.key, ca: tls.clientAuthority }
  const policy = { requestCert: true, rejectUnauthorized: false, ALPNProtocols: ALPN_PROTOCOLS, noDelay: true }
  return https.createServer({ ...bounds, ...credentials, ...policy }, handle)
}

/** The whole of a request's way: who asks, as whom, for what. */
export function createHandler(options: HttpServerOptions): Handler {
  const { environment, verbs, catalog, authorizer, decoders = [], aggregation } = options
  const { clock, timers } = environment
  const watching = createWatching(options)
  const watchEvents = watching.watchEvents
  const views = { clock }
  const resources = { verbs, catalog, authorizer, timers, views, decoders, aggregation, watchEvents }
  const serving: Serving = { options, resources, others: createOtherPaths(options, watching), watching }
  return (request, response, upgrade) => {
    serve(serving, request, response, upgrade).catch((error: unknown) => {
      environment.log.error('Cannot answer a request', { url: request.url, error })
      response.destroy()
    })
  }
}

interface Serving {
  readonly options: HttpServerOptions
  readonly resources: ResourceServer
  readonly others: OtherPaths
  readonly watching: Watching
}

async function serve(
  { options, resources, others, watching }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  upgrade?: Upgrade,
): Promise<void> {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const at = { path, query: parseQuery(mark < 0 ? '' : url.slice(mark + 1)), ...(upgrade && { upgrade }) }
  const parsed = parsePath(path)
  const notes: AuditNotes = { id: auditIdOf(request) ?? options.environment.random.uuid() }
  let exchange = createExchange(request, response, at, NOBODY, notes)
  let watched: WatchedRequest | undefined
  try {
    const found = options.authenticator.authenticate(request)
    const asking = 'then' in found ? await found : found
    // Whoever may not be somebody else has asked as themselves.
    if ('impersonate-user' in request.headers) exchange = createExchange(request, response, at, asking, notes)
    const user = impersonate(request, asking, options.authorizer)
    if (user !== asking) notes.impersonator = asking
    exchange = createExchange(request, response, at, user, notes)
    watched = watching.enter(exchange, parsed)
    if (watched === undefined) return await sendTooMany(exchange)
    await ('other' in parsed ? others.serve(exchange) : serveResource(resources, exchange, parsed))
  } catch (error) {
    // A client that went away has no answer to wait for, and did nothing worth a line.
    const isGone = request.destroyed && !request.complete
    if (error instanceof NobodyImpersonated) return await sendInternal(exchange, error)
    if (!(error instanceof ApiError) && !isGone) options.environment.log.error('A request failed', { path, error })
    await sendError(exchange, error)
  } finally {
    // Who was not let in is recorded too.
    if (watched === undefined) watching.refused(exchange, parsed)
    else watched.served()
  }
}

/** A client may name its request, so that it finds it in the log of several servers. */
function auditIdOf({ headers }: IncomingMessage): string | undefined {
  const id = headers['audit-id']
  return typeof id === 'string' && id !== '' ? id : undefined
}

const NOBODY = { name: '', groups: [] }

/** What goes wrong before a request is looked at is told in plain text. */
const sendInternal = (exchange: Exchange, { message }: Error): Promise<void> =>
  sendText(exchange, 500, `Internal Server Error: ${JSON.stringify(exchange.request.url ?? '')}: ${message}\n`)

/** As Kubernetes says it, in plain text. */
async function sendTooMany(exchange: Exchange): Promise<void> {
  exchange.response.setHeader('Retry-After', '1')
  await sendText(exchange, 429, 'Too many requests, please try again later.\n')
}
