import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { connect as secure } from 'node:tls'
import { apiError } from '../../api/meta/status.ts'
import type { Exchange } from '../http/exchange.ts'
import type { ProxyLocation } from '../subresources/proxy.ts'
import type { ObjectTarget } from '../verbs/request.ts'
import type { ConnectServer } from './serve-connect.ts'
import { rewriteLink, rewriteLinks } from './rewrite-links.ts'
import type { LinkRewriting } from './rewrite-links.ts'

// An import of `node:http`, which `node:https` does without, would load Node's `fetch` too: 9 MB and 15 ms.
const http = () => process.getBuiltinModule('node:http')

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** A page that is longer is sent on as it is. */
const MAX_REWRITTEN_BYTES = 16 * 1024 * 1024

/** Hands a request on to a pod, a service or a node, as the server behind would be asked directly. */
export async function serveProxy(
  server: ConnectServer,
  exchange: Exchange,
  target: ObjectTarget & { readonly subresource: string },
): Promise<void> {
  const { context, method, path, request, response } = exchange
  const prefix = prefixOf(path, target)
  const query = request.url?.slice(path.length) ?? ''
  const rest = path.slice(prefix.length)
  const location = await server.verbs.proxy(context, target, VERBS[method] ?? '', rest)
  // Whoever reads is sent to where relative links are right; whoever writes would lose the body on the way.
  if (rest === '' && exchange.upgrade === undefined && (method === 'GET' || method === 'HEAD')) {
    response.writeHead(301, { 'Audit-Id': exchange.notes.id, Location: `${prefix}/${query}` })
    return void response.end()
  }
  const rewriting = { prefix, host: location.host, requestHost: hostOf(request.headers) }
  const outgoing = await ask(exchange, location, `${rest === '' ? '/' : rest}${query}`, rewriting)
  return exchange.upgrade === undefined
    ? await answer(exchange, outgoing, rewriting)
    : await upgrade(exchange, outgoing, rewriting)
}

/** The path up to `proxy`, as the client wrote it. */
function prefixOf(path: string, { resource }: ObjectTarget): string {
  const plural = `/${resource.type.plural}/`
  const end = path.indexOf('/proxy', path.indexOf(plural) + plural.length) + '/proxy'.length
  return path.slice(0, end)
}

async function ask(
  { request, method, upgrade: asked }: Exchange,
  location: ProxyLocation,
  path: string,
  { prefix, requestHost }: LinkRewriting,
): Promise<ClientRequest> {
  const connection = await location.dial().catch((error: unknown) => {
    throw unreachable(error)
  })
  const stream: Duplex = location.isSecure ? secure({ socket: connection, rejectUnauthorized: false }) : connection
  const outgoing = http().request({
    method,
    path,
    headers: {
      ...forwarded(request.headers, asked !== undefined),
      host: location.host,
      'x-forwarded-uri': prefix + path.replace(/\?.*$/s, ''),
      'x-forwarded-host': requestHost,
      'x-forwarded-proto': 'https',
      'x-forwarded-for': [request.headers['x-forwarded-for'], request.socket.remoteAddress].filter(Boolean).join(', '),
    },
    createConnection: () => stream,
  })
  outgoing.once('close', () => stream.destroy())
  return outgoing
}

/** Those that speak of the connection (HTTP/2 has names with a colon for that), or of who the client is to us, are not for the server behind. */
const DROPPED =
  /^(:.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|authorization|impersonate-.*|x-remote-.*)$/

const hostOf = (headers: IncomingHttpHeaders) => headers.host ?? String(headers[':authority'] ?? '')

function forwarded(headers: IncomingHttpHeaders, isUpgrade: boolean): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !DROPPED.test(name))
  const asked = isUpgrade ? { connection: 'Upgrade', upgrade: headers.upgrade ?? '' } : { connection: 'close' }
  return { ...Object.fromEntries(kept), ...asked }
}

async function answer(
  { request, response, notes }: Exchange,
  outgoing: ClientRequest,
  rewriting: LinkRewriting,
): Promise<void> {
  const answered = responseOf(outgoing)
  response.once('close', () => outgoing.destroy())
  request.pipe(outgoing)
  const incoming = await answered.catch((error: unknown) => {
    throw unreachable(error)
  })
  await sendOn(incoming, response, rewriting, notes.id)
}

function responseOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => void outgoing.once('response', resolve).once('error', reject))
}

async function sendOn(
  incoming: IncomingMessage,
  response: Exchange['response'],
  rewriting: LinkRewriting,
  auditId: string,
): Promise<void> {
  const code = incoming.statusCode ?? 502
  const headers = { 'audit-id': auditId, ...answerHeaders(incoming, rewriting) }
  const isPage = /^text\/html\b/.test(incoming.headers['content-type'] ?? '')
  const length = Number(incoming.headers['content-length'] ?? 0)
  const isPlain = incoming.headers['content-encoding'] === undefined && length <= MAX_REWRITTEN_BYTES
  try {
    if (!isPage || !isPlain) {
      response.writeHead(code, headers)
      return await pipeline(incoming, response)
    }
    const page = Buffer.from(rewriteLinks((await buffer(incoming)).toString('latin1'), rewriting), 'latin1')
    delete headers['content-length']
    response.writeHead(code, { ...headers, 'content-length': page.length })
    response.end(page)
  } catch {
    response.destroy()
  }
}

function answerHeaders({ headers }: IncomingMessage, rewriting: LinkRewriting): OutgoingHttpHeaders {
  const { connection: _connection, 'keep-alive': _keepAlive, 'transfer-encoding': _encoding, ...kept } = headers
  const { location } = kept
  return location === undefined ? kept : { ...kept, location: rewriteLink(location, rewriting) }
}

/** The connection becomes whatever both ends make of it; a server that does not want to answers as to any request. */
async function upgrade(
  { upgrade: asked, response, notes }: Exchange,
  outgoing: ClientRequest,
  rewriting: LinkRewriting,
) {
  if (asked === undefined) return
  const { socket, head } = asked
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  outgoing.once('error', (error) => reject(unreachable(error)))
  outgoing.once('response', (incoming) => resolve(sendOn(incoming, response, rewriting, notes.id)))
  outgoing.once('upgrade', (incoming: IncomingMessage, stream: Duplex, early: Buffer) => {
    const lines = incoming.rawHeaders.flatMap((name, at, all) => (at % 2 === 0 ? [`${name}: ${all[at + 1]}`] : []))
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
    if (early.length > 0) socket.write(early)
    if (head.length > 0) stream.write(head)
    resolve(join(socket, stream))
  })
  outgoing.end()
  await promise
}

/** Carries bytes both ways, each direction to its own end; resolves when both ends are closed. */
async function join(one: Duplex, other: Duplex): Promise<void> {
  one.pipe(other).pipe(one)
  const closed = (stream: Duplex) => new Promise((resolve) => stream.on('error', () => {}).once('close', resolve))
  const [first, second] = [closed(one), closed(other)]
  void first.then(() => destroySoon(other))
  void second.then(() => destroySoon(one))
  await Promise.all([first, second])
}

/** What was written before the other side ended still goes out. */
function destroySoon(stream: Duplex): void {
  if (stream.writableEnded && !stream.writableFinished) stream.once('finish', () => void stream.destroy())
  else stream.destroy()
}

/** In Go's words, which clients and tests look for. */
function unreachable(error: unknown) {
  const { code, message, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  const why = code === 'ECONNREFUSED' ? `dial tcp ${address}:${port}: connect: connection refused` : message
  return apiError('ServiceUnavailable', `error trying to reach service: ${why}`)
}
